const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const MINUTE = 60_000;

/**
 * Strict RFC 3339 with a zone and at most nine digits of fraction → epoch milliseconds, rounded down.
 *
 * The attack: `expires` that does not parse. Date.parse gives NaN, every comparison with NaN is false, and the file
 * never expires. Here it is undefined, and the caller refuses the file. Rounding down lets it expire early, never late.
 */
export function parseInstant(text: string): number | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have is one of another month.
  if (date.getUTCMonth() !== month - 1) return undefined;
  const offset = offsetOf(found[8], Number(found[9] ?? 0), Number(found[10] ?? 0));
  if (offset === undefined) return undefined;
  const milliseconds = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3));
  return date.setUTCHours(hour, minute, second, milliseconds) - offset;
}

function offsetOf(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (hours > 23 || minutes > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * MINUTE;
}
