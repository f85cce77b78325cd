import type { BlobStore } from '../cache/blob-store.ts';
import { messageOf, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { later, pause, type Schedule } from '../trust/patience.ts';
import type { Hashing } from '../verify/hashing.ts';
import { checkCached, type CheckParts } from './blob/check-cached.ts';
import { stopping } from './blob/stopping.ts';

export interface ScrubberOptions extends CheckParts {
  readonly store: BlobStore;
  readonly hashing: Hashing;
  /** 0: nothing is scrubbed. */
  readonly bytesPerSecond: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of bytes that were hashed. */
  readonly scrubbed: (bytes: number) => void;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
}

/** Who was verified so lately is left in peace. */
const REST_MS = 7 * 86_400_000;
/** Before the first look, and after one that found nothing to do. */
const START_MS = 60_000;
const IDLE_MS = 3_600_000;
/** Blobs asked for at once. */
const SLICE = 16;
/** As many, and the disk has other troubles: the next look is in an hour. */
const MAX_FAILED = 1_000;
/** Small, so that whoever serves waits for the disk and for the hash no longer than this takes. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Hashes the cache in the background, what was verified longest ago first, and never faster than it may: a disk loses bits where
 * nobody reads, and the pull that needs them is the wrong time to find out.
 *
 * Guarantee: one blob at a time, through buffers of fixed size; a blob that cannot be hashed does not keep the others from it;
 * closing ends it within a block.
 */
export class Scrubber {
  readonly #options: ScrubberOptions;
  readonly #schedule: Schedule;
  readonly #buffers: [Buffer, Buffer];
  readonly #closing = new AbortController();
  /** Could not be hashed; tried again after all the others. */
  readonly #failed = new Set<Digest>();
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ScrubberOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? later;
    const bytes = options.bytesPerSecond > 0 ? BLOCK_BYTES : 1;
    this.#buffers = [options.hashing.memory(bytes), options.hashing.memory(bytes)];
    if (options.bytesPerSecond > 0) this.#lookIn(START_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort(stopping());
    this.#cancel();
    await this.#running;
  }

  #lookIn(ms: number): void {
    if (this.#closing.signal.aborted) return;
    this.#cancel = this.#schedule(() => {
      this.#running = this.#look()
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'the cache cannot be scrubbed'))
        .then(() => this.#lookIn(IDLE_MS));
    }, ms);
  }

  /** Until nothing is due. */
  async #look(): Promise<void> {
    this.#failed.clear();
    for (let due = await this.#due(); due.length > 0; due = await this.#due()) {
      for (const blob of due) {
        if (this.#closing.signal.aborted) return;
        const finding = await checkCached(this.#options, blob, this.#buffers, (bytes) => this.#pass(bytes));
        if (finding !== 'right' && finding !== 'damaged') this.#failed.add(blob.digest);
        if (this.#failed.size > MAX_FAILED) throw new TufgateError('cache.failed', 'too many blobs cannot be checked');
      }
    }
  }

  async #due(): Promise<readonly { readonly digest: Digest; readonly size: number }[]> {
    const { store, now } = this.#options;
    const due = await store.leastRecentlyVerified(now() - REST_MS, SLICE + this.#failed.size);
    return due.filter(({ digest }) => !this.#failed.has(digest));
  }

  /** Waits as long as these bytes may take. */
  async #pass(bytes: number): Promise<void> {
    const { scrubbed, bytesPerSecond } = this.#options;
    scrubbed(bytes);
    this.#closing.signal.throwIfAborted();
    if (bytes > 0) {
      const { over, cancel } = pause(this.#schedule, (bytes / bytesPerSecond) * 1000);
      this.#cancel = cancel;
      await over;
    }
    this.#closing.signal.throwIfAborted();
  }
}
