import { setImmediate, setTimeout } from 'node:timers/promises';
import { Database } from './driver.ts';

/** Between two tries, milliseconds. */
const PAUSE_MS = 2;
/** How long an operation waits for its turn and the lock, milliseconds; then it fails. */
const PATIENCE_MS = 8_000;

/**
 * Operations on one database, in the order in which they were asked for. The first try is made at once; while another
 * connection holds the lock (a worker that writes 20 MB, a command beside the server) the wait is asynchronous. SQLite's
 * own `busy_timeout` was rejected: it sleeps on the event loop, and with it every other request.
 */
export class Turns {
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #pause: (ms: number) => Promise<unknown>;
  readonly #clock: () => number;

  /** @param pause, clock monotonic milliseconds; the real ones when absent */
  constructor(pause: (ms: number) => Promise<unknown> = setTimeout, clock = (): number => performance.now()) {
    this.#pause = pause;
    this.#clock = clock;
  }

  /** @throws what `run` throws; SQLite's error when the lock was not to be had */
  async take<T>(run: () => T): Promise<T> {
    const deadline = this.#clock() + PATIENCE_MS;
    if (this.#waiting.length > 0) return await this.#queue(run, deadline);
    try {
      return run();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return await this.#queue(run, deadline);
    }
  }

  #queue<T>(run: () => T, deadline: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => this.#tryUntil(run, deadline).then(resolve, reject));
      if (this.#waiting.length === 1) void this.#drain();
    });
  }

  /** One a turn of the event loop: each is a disk sync. */
  async #drain(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await next();
      await setImmediate();
      this.#waiting.shift();
    }
  }

  async #tryUntil<T>(run: () => T, deadline: number): Promise<T> {
    for (;;) {
      try {
        return run();
      } catch (error) {
        if (!isBusy(error) || this.#clock() >= deadline) throw error;
      }
      await this.#pause(PAUSE_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
