import { TufgateError } from '../../errors.ts';
import { parseDuration } from '../time-words.ts';

/** `2027-03-31` includes its day, UTC; `90d` counts from now. @returns epoch milliseconds, whole seconds @throws usage */
export function untilOf(text: string, now: number): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDay = day !== undefined && date.getUTCDate() === Number(day) && date.getUTCMonth() === Number(month) - 1;
  const ms = parseDuration(text);
  const until = isDay ? date.getTime() + 86_400_000 : ms === undefined ? undefined : now + ms;
  if (until === undefined)
    throw new TufgateError(
      'usage',
      `--until ${JSON.stringify(text.slice(0, 40))} is neither a day such as 2027-03-31 nor a time such as 90d`,
    );
  if (until <= now) throw new TufgateError('usage', `--until ${text} is past: nothing would be approved`);
  return Math.floor(until / 1_000) * 1_000;
}
