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
 * `reserve` names. Blobs being written are promises, not entries, so they are never evicted.
 */
export class BlobIndex {
  readonly #limits: CacheLimits;
  readonly #blobs = new Map<Digest, Entry>();
  #usedBytes = 0;
  #reserved = 0;

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
   * @returns the blobs that are forgotten for it and must be deleted, or undefined when it cannot fit
   */
  reserve(size: number): Digest[] | undefined {
    if (size + this.#reserved > this.#limits.maxBytes) return undefined;
    this.#reserved += size;
    const full = this.#usedBytes + this.#reserved > this.#limits.maxBytes;
    return full ? this.#evict() : [];
  }

  release(size: number): void {
    this.#reserved -= size;
  }

  #evict(): Digest[] {
    const gone: Digest[] = [];
    for (const digest of this.#blobs.keys()) {
      if (this.#usedBytes + this.#reserved <= this.#limits.lowWaterBytes) break;
      this.remove(digest);
      gone.push(digest);
    }
    return gone;
  }
}
