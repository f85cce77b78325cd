import type { Digest } from '../../oci/digest.ts';

const MAX_REMEMBERED = 1_000;

/**
 * Damaged copies that could not be put aside: the disk has turned read only, say. They are misses from then on, until a fresh copy
 * has taken their place; else each read would find, and report, the same damage again.
 *
 * Forgetting one costs a hash and another report, never a bad byte.
 */
export class StuckCopies {
  readonly #known = new Set<Digest>();

  remember(digest: Digest): void {
    const oldest = this.#known.values().next();
    if (this.#known.size >= MAX_REMEMBERED && !oldest.done) this.#known.delete(oldest.value);
    this.#known.add(digest);
  }

  has(digest: Digest): boolean {
    return this.#known.has(digest);
  }

  /** A fresh copy has landed. */
  forget(digest: Digest): void {
    this.#known.delete(digest);
  }
}
