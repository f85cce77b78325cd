import type { Digest } from '../../oci/digest.ts';
import type { CacheIndex } from '../index/cache-index.ts';

/** Runs `task` once after `ms`; the answer cancels it. */
export type Schedule = (task: () => void, ms: number) => () => void;

const EVERY_MS = 1_000;
/** So many rows are written within two milliseconds. */
const MOST = 128;

/**
 * When blobs were used, written down in batches: what a crash takes of it costs the order of eviction, and nothing else. In the row and not in
 * the file: to set a file's time changes its ctime, by which it is known to be the one that was verified.
 */
export class UseNotes {
  readonly #index: CacheIndex;
  readonly #now: () => number;
  readonly #schedule: Schedule;
  readonly #pending = new Map<Digest, number>();
  #writing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #last: number;

  /** @param now epoch milliseconds */
  constructor(index: CacheIndex, now: () => number, schedule: Schedule) {
    this.#index = index;
    this.#now = now;
    this.#schedule = schedule;
    this.#last = index.read((table) => table.lastUse(), 0);
  }

  /** Microseconds, later than every one before: uses keep their order within a millisecond, and when the clock is set back. */
  tick(): number {
    this.#last = Math.max(this.#now() * 1_000, this.#last + 1);
    return this.#last;
  }

  note(digest: Digest): void {
    this.#pending.set(digest, this.tick());
    if (this.#pending.size >= MOST) void this.flush();
    else this.#cancel ??= this.#schedule(() => void this.flush(), EVERY_MS);
  }

  /** Resolves when all that was noted is written, or lost. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#pending.size === 0) return this.#writing;
    const uses = new Map(this.#pending);
    this.#pending.clear();
    // At once, unless another process writes: then it waits its turn.
    const written = this.#index.write('note a use', (table) => table.use(uses)).catch(() => undefined);
    return (this.#writing = this.#writing.then(() => written));
  }
}

/** With the real clock; never keeps the process alive. */
export function later(task: () => void, ms: number): () => void {
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
