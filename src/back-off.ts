export interface BackOff {
  /** The most that the first wait can be, milliseconds. */
  readonly baseMs: number;
  readonly mostMs: number;
}

/**
 * How long to wait before try `attempt` (1, 2, …): between half and all of a time that doubles up to `mostMs`. Half of it
 * is chance: who lost a server at the same moment must not come back to it at the same moment.
 * @param random 0 to below 1
 * @returns whole milliseconds
 */
export function backOffMs(attempt: number, { baseMs, mostMs }: BackOff, random: () => number): number {
  const most = Math.min(baseMs * 2 ** (attempt - 1), mostMs);
  return Math.round((most * (1 + random())) / 2);
}
