import type { Digest } from '../oci/digest.ts';

export interface CacheLimits {
  readonly maxBytes: number;
  /** Eviction goes on until this much is left. */
  readonly lowWaterBytes: number;
}

interface Entry {
  readonly size: number;
  /** When this use was last written down, epoch milliseconds. */
  notedAt: number;
}

/**
 * What is kept, least recently used first, and what is promised to blobs being written. Pure: the store deletes what
 * `grow` names. Blobs being written are promises, not entries, so they are never evicted.
 *
 * A promise evicts nothing, bytes that arrive do: else one manifest that claims a large blob, which its registry does
 * not even have, would empty the cache.
 */
export class BlobIndex {
  readonly #limits: CacheLimits;
  readonly #blobs = new Map<Digest, Entry>();
  #usedBytes = 0;
  #promised = 0;
  #growing = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#blobs.get(digest)?.size;
  }

  entries(): { digest: Digest; size: number }[] {
    return [...this.#blobs].map(([digest, { size }]) => ({ digest, size }));
  }

  /** As the most recently used. */
  add(digest: Digest, size: number, at: number): void {
    this.remove(digest);
    this.#blobs.set(digest, { size, notedAt: at });
    this.#usedBytes += size;
  }

  remove(digest: Digest): void {
    this.#usedBytes -= this.#blobs.get(digest)?.size ?? 0;
    this.#blobs.delete(digest);
  }

  /** @returns whether this use should be written down: `everyMs` have passed since that was done */
  use(digest: Digest, at: number, everyMs: number): boolean {
    const entry = this.#blobs.get(digest);
    if (entry === undefined) return false;
    this.#blobs.delete(digest);
    this.#blobs.set(digest, entry);
    if (at - entry.notedAt < everyMs) return false;
    entry.notedAt = at;
    return true;
  }

  /**
   * Promises room for a blob of `size` bytes; end the promise with `release`.
   * @returns false when it cannot fit beside the other promises
   */
  promise(size: number): boolean {
    if (size + this.#promised > this.#limits.maxBytes) return false;
    this.#promised += size;
    return true;
  }

  /**
   * Before `bytes` more of a promised blob are written.
   * @returns the blobs that are forgotten for them and must be deleted
   */
  grow(bytes: number): Digest[] {
    this.#growing += bytes;
    const full = this.#usedBytes + this.#growing > this.#limits.maxBytes;
    return full ? this.#evict() : [];
  }

  /** @param grown bytes that `grow` was told of for this promise */
  release(size: number, grown: number): void {
    this.#promised -= size;
    this.#growing -= grown;
  }

  #evict(): Digest[] {
    const gone: Digest[] = [];
    for (const digest of this.#blobs.keys()) {
      if (this.#usedBytes + this.#growing <= this.#limits.lowWaterBytes) break;
      this.remove(digest);
      gone.push(digest);
    }
    return gone;
  }
}
