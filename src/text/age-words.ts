const UNITS = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 days ago`, in the largest unit that fits; the date where it lies ahead. @param at, now epoch milliseconds */
export function ageWords(at: number, now: number): string {
  const age = now - at;
  if (age < 0) return `in the future: ${dayOf(at)}`;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(age / size);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'less than a minute ago';
}

/** `2026-11-27`, UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
