import type { Digest } from '../../oci/digest.ts';
import { type CachedBlob, checkCached, type CheckParts, type Finding } from './check-cached.ts';
import type { ReadBuffers } from './read-buffers.ts';

/** Files that are hashed at the same time: the disk has one head, and the machine other work. */
const AT_ONCE = 2;
/** A check that could not be finished (its hash was lost) is begun once more. */
const TRIES = 2;

/**
 * Checks that somebody waits for: one at a time for a digest, shared by all who ask meanwhile. It goes on when they have
 * left: what it finds is for the next one too.
 */
export class Checks {
  readonly #parts: CheckParts & { readonly shared: ReadBuffers };
  readonly #running = new Map<Digest, Promise<Finding>>();
  readonly #queue: (() => void)[] = [];
  #free = AT_ONCE;
  #closed: Error | undefined;

  constructor(parts: CheckParts & { readonly shared: ReadBuffers }) {
    this.#parts = parts;
  }

  /** @throws the reason of `signal` */
  async check(blob: CachedBlob, signal?: AbortSignal): Promise<Finding> {
    const running = this.#running.get(blob.digest) ?? this.#start(blob);
    return await unless(signal, running);
  }

  /** Ends what runs, as `unknown`. */
  async close(why: Error): Promise<void> {
    this.#closed = why;
    await Promise.all(this.#running.values());
  }

  #start(blob: CachedBlob): Promise<Finding> {
    const running = this.#inTurn(blob).finally(() => this.#running.delete(blob.digest));
    this.#running.set(blob.digest, running);
    return running;
  }

  async #inTurn(blob: CachedBlob): Promise<Finding> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      let finding: Finding = 'unknown';
      for (let tries = 0; finding === 'unknown' && tries < TRIES; tries++) finding = await this.#hash(blob);
      return finding;
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
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
  signal.throwIfAborted();
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
