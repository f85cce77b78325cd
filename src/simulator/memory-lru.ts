import type { Digest } from '../oci/digest.ts';

/** Sizes by digest, the least recently used first. */
export class MemoryLru {
  readonly #sizes = new Map<Digest, number>();
  #usedBytes = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  entries(): { digest: Digest; size: number }[] {
    return [...this.#sizes].map(([digest, size]) => ({ digest, size }));
  }

  /** As the most recently used. */
  add(digest: Digest, size: number): void {
    this.remove(digest);
    this.#sizes.set(digest, size);
    this.#usedBytes += size;
  }

  remove(digest: Digest): void {
    this.#usedBytes -= this.#sizes.get(digest) ?? 0;
    this.#sizes.delete(digest);
  }

  use(digest: Digest): void {
    const size = this.#sizes.get(digest);
    if (size !== undefined) this.add(digest, size);
  }
}
