import type { Collections } from './collections.ts';
import { later, pause, type Schedule } from './patience.ts';

/**
 * Asks the sources for what is being pulled shortly before a client would have to wait for it. What nobody has asked
 * for in a while rests: the sources are not ours to hammer, and a flood of names must not become a flood of requests.
 * Repositories that speak for all images never rest: what they withdraw must be seen although nobody pulls.
 */
interface Refreshed {
  refreshOlderThan(ms: number): Promise<void>;
}

export interface BackgroundRefreshOptions {
  readonly collections: Pick<Collections, 'recent'>;
  /** Asked whether or not anybody pulls; as many as are configured. */
  readonly always?: readonly Refreshed[];
  readonly checkEveryMs: number;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
}

const AT_ONCE = 4;
const MOST = 200;
/** In use: asked for within so many times `check_every`. */
const IN_USE = 10;
/** Looked at so many times within `check_every`: a view is renewed in the last part of its time. */
const LOOKS = 4;
/** How long closing waits for what is under way. */
const PATIENCE_MS = 2_000;

export class BackgroundRefresh {
  readonly #options: BackgroundRefreshOptions;
  readonly #schedule: Schedule;
  #cancel: () => void;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BackgroundRefreshOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? later;
    this.#cancel = this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    const { over, cancel } = pause(this.#schedule, PATIENCE_MS);
    await Promise.race([this.#running, over]);
    cancel();
  }

  #next(): () => void {
    const look = (): void => {
      this.#running = this.#refresh().then(() => {
        if (!this.#closed) this.#cancel = this.#next();
      });
    };
    return this.#schedule(look, this.#options.checkEveryMs / LOOKS);
  }

  async #refresh(): Promise<void> {
    const { collections, always = [], checkEveryMs } = this.#options;
    const waiting: Refreshed[] = [...always, ...(await collections.recent(IN_USE * checkEveryMs, MOST))];
    const due = checkEveryMs - checkEveryMs / LOOKS;
    const work = async (): Promise<void> => {
      for (let each = waiting.shift(); each !== undefined && !this.#closed; each = waiting.shift())
        // What is wrong with it is told as an event; it must not end the rounds for all.
        await each.refreshOlderThan(due).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}
