import type { Collection } from '../state/store.ts';
import type { Logger } from './logger.ts';

const DAY_MS = 86_400_000;
/** From here on it is said; in the last days it is said louder. */
const SOON_MS = 30 * DAY_MS;
const URGENT_MS = 7 * DAY_MS;
/** Of collections and roles; beyond it some are told twice a day. */
const MAX_TOLD = 10_000;

/** Says once a day and role that something ends that a person must sign anew, well before every pull of it is refused. */
export class ExpiryWatch {
  readonly #log: Logger;
  readonly #now: () => number;
  /** The day on which it was told last. */
  readonly #told = new Map<string, number>();

  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** @param ends epoch milliseconds, by role */
  note({ source, gun }: Collection, ends: ReadonlyMap<string, number>): void {
    const today = Math.floor(this.#now() / DAY_MS);
    for (const [role, at] of ends) {
      const left = at - this.#now();
      const key = `${source}\n${gun}\n${role}`;
      if (left > SOON_MS || this.#told.get(key) === today) continue;
      if (this.#told.size >= MAX_TOLD) this.#told.clear();
      this.#told.set(key, today);
      this.#tell({ source, gun, role, ends: new Date(at).toISOString(), daysLeft: Math.floor(left / DAY_MS) }, left);
    }
  }

  #tell(fields: { source: string; gun: string; role: string; ends: string; daysLeft: number }, left: number): void {
    const { role, gun, ends, daysLeft } = fields;
    const when = left > 0 ? `ends in ${daysLeft} d (${ends})` : `has ended (${ends})`;
    const then =
      left > 0 ? 'its publisher must sign it anew before pulls of it are refused' : 'pulls that rest on it are refused';
    const message = `${role} of ${gun} ${when}: ${then}`;
    if (left > URGENT_MS) this.#log.warn(fields, message);
    else this.#log.error(fields, message);
  }
}
