import type { Collection } from '../state/store.ts';
import type { Logger } from './logger.ts';

const DAY_MS = 86_400_000;
/** From here on it is said; in the last days it is said louder. */
const SOON_MS = 30 * DAY_MS;
const URGENT_MS = 7 * DAY_MS;
/** Of collections and roles; beyond it some are told twice a day. */
const MAX_TOLD = 10_000;

/** What is to be done about it. */
export interface ExpiryAdvice {
  readonly before: string;
  readonly after: string;
}

const OF_OTHERS: ExpiryAdvice = {
  before: 'its publisher must sign it anew before pulls of it are refused',
  after: 'pulls that rest on it are refused',
};

/** Says once a day and role that something ends that a person must sign anew, well before every pull of it is refused. */
export class ExpiryWatch {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #advice: ExpiryAdvice;
  /** The day on which it was told last. */
  readonly #told = new Map<string, number>();

  constructor(log: Logger, now: () => number, advice: ExpiryAdvice = OF_OTHERS) {
    this.#log = log;
    this.#now = now;
    this.#advice = advice;
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
    const message = `${role} of ${gun} ${when}: ${left > 0 ? this.#advice.before : this.#advice.after}`;
    if (left > URGENT_MS) this.#log.warn(fields, message);
    else this.#log.error(fields, message);
  }
}
