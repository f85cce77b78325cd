import type { Digest } from '../../oci/digest.ts';
import { type CachedBlob, checkCached, type CheckParts, type Finding } from './check-cached.ts';
import type { ReadBuffers } from './read-buffers.ts';

/** Files that are hashed at the same time: the disk has one head, and the machine other work. */
const AT_ONCE = 2;
/** A check that could not be finished (its hash was lost) is begun once more. */
const TRIES = 2;

interface Check {
  readonly finding: Promise<Finding>;
  /** Drops it when it has not begun. */
  readonly leaveQueue: () => void;
  waiting: number;
}

/**
 * Checks that somebody waits for: one at a time for a digest, shared by all who ask meanwhile. One that runs goes on when they
 * have left: what it finds is for the next one too. One that has not begun is dropped: who asks and leaves, for many large blobs,
 * would hold up everybody else.
 */
export class Checks {
  readonly #parts: CheckParts & { readonly shared: ReadBuffers };
  readonly #running = new Map<Digest, Check>();
  /** In turn; told false, they are not to begin any more. */
  readonly #queue = new Set<(begin: boolean) => void>();
  #free = AT_ONCE;
  #closed: Error | undefined;

  constructor(parts: CheckParts & { readonly shared: ReadBuffers }) {
    this.#parts = parts;
  }

  /** @throws the reason of `signal` */
  async check(blob: CachedBlob, signal?: AbortSignal): Promise<Finding> {
    signal?.throwIfAborted();
    const check = this.#running.get(blob.digest) ?? this.#start(blob);
    check.waiting += 1;
    try {
      return await unless(signal, check.finding);
    } finally {
      check.waiting -= 1;
      if (check.waiting === 0) check.leaveQueue();
    }
  }

  /** Ends what runs, as `unknown`. */
  async close(why: Error): Promise<void> {
    this.#closed = why;
    await Promise.all([...this.#running.values()].map(({ finding }) => finding));
  }

  #start(blob: CachedBlob): Check {
    const { begin, leave } = this.#turn();
    const over = (): void => {
      if (this.#running.get(blob.digest) === check) this.#running.delete(blob.digest);
    };
    const finding = this.#inTurn(blob, begin).finally(over);
    const leaveQueue = (): void => {
      if (leave()) over(); // at once: who comes next needs another
    };
    const check: Check = { finding, leaveQueue, waiting: 0 };
    this.#running.set(blob.digest, check);
    return check;
  }

  /** `leave`: false when the turn has come already. */
  #turn(): { readonly begin: Promise<boolean>; readonly leave: () => boolean } {
    if (this.#free > 0) {
      this.#free -= 1;
      return { begin: Promise.resolve(true), leave: () => false };
    }
    let go: (begin: boolean) => void = () => undefined;
    const begin = new Promise<boolean>((resolve) => (go = resolve));
    this.#queue.add(go);
    const leave = (): boolean => {
      const queued = this.#queue.delete(go);
      if (queued) go(false);
      return queued;
    };
    return { begin, leave };
  }

  async #inTurn(blob: CachedBlob, begin: Promise<boolean>): Promise<Finding> {
    if (!(await begin)) return 'unknown';
    try {
      let finding: Finding = 'unknown';
      for (let tries = 0; finding === 'unknown' && tries < TRIES; tries++) finding = await this.#hash(blob);
      return finding;
    } finally {
      this.#next();
    }
  }

  #next(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next(true);
  }

  async #hash(blob: CachedBlob): Promise<Finding> {
    const { shared } = this.#parts;
    const pair = shared.lend(blob.size);
    try {
      return await checkCached(this.#parts, blob, pair, () => {
        if (this.#closed !== undefined) throw this.#closed;
      });
    } finally {
      shared.giveBack(pair, true);
    }
  }
}

async function unless<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return await work;
  let leave = (): void => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
