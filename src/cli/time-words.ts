const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As the configuration would say it: `90m`, `30d`. @param ms whole seconds */
export function durationWords(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** The day that was configured: the end is exclusive, people think of the last day that counts. */
export function lastDay(untilMs: number): string {
  return new Date(untilMs - 1).toISOString().slice(0, 10);
}

/** For people: `3 d`, in the largest unit that fits. */
export function roughly(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? (['s', 1_000] as const);
  return `${Math.floor(ms / size)} ${unit}`;
}

/** `90d`, `36h` → milliseconds. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^([0-9]{1,6})([dhms])$/.exec(text) ?? [];
  const size = UNITS.find(([name]) => name === unit)?.[1];
  return size === undefined ? undefined : Number(count) * size;
}
