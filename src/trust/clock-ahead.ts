/** Less is no reason to speak: clocks are set right by a little all the time. */
const MOST_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * The highest time seen binds, so one run under a clock that was ahead ends what is trusted before its time. Nobody finds
 * that by himself.
 *
 * @param highest, machine epoch milliseconds
 * @returns undefined where they agree
 */
export function clockAhead(highest: number, machine: number): string | undefined {
  const ahead = highest - machine;
  if (ahead <= MOST_MS) return undefined;
  const by = ahead < HOUR_MS ? `${Math.round(ahead / 60_000)} min` : `${Math.round(ahead / HOUR_MS)} h`;
  return `the highest time ever seen is ${by} ahead of this machine, and binds: what ends before ${new Date(highest).toISOString()} counts as expired. If a clock was wrong then, stop the gate and run "tufgate trust clock --reset"`;
}
