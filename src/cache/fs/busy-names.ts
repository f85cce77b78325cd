import type { Digest } from '../../oci/digest.ts';

/** Blobs that are open for reading, counted. In memory: a reader ends with its process, and with it what it held. */
export class Leases {
  readonly #open = new Map<Digest, number>();

  has(digest: Digest): boolean {
    return this.#open.has(digest);
  }

  /** @returns what gives it back; once */
  take(digest: Digest): () => void {
    this.#open.set(digest, (this.#open.get(digest) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(digest) ?? 1) - 1;
      if (left === 0) this.#open.delete(digest);
      else this.#open.set(digest, left);
    };
  }
}

/**
 * Names whose file is about to be removed. Their rows are gone already, so whoever needs the blob fetches it again; were it
 * renamed into place now, the removal under way would take the new file.
 */
export class Leaving {
  readonly #removals = new Map<Digest, Promise<void>>();

  has(digest: Digest): boolean {
    return this.#removals.has(digest);
  }

  /** Resolves when nobody removes it any more. */
  async over(digest: Digest): Promise<void> {
    for (let left = this.#removals.get(digest); left !== undefined; left = this.#removals.get(digest))
      await left.catch(() => undefined);
  }

  /** One removal of a name after the other. @throws what `work` throws */
  async remove(digest: Digest, work: () => Promise<void>): Promise<void> {
    await this.over(digest);
    const removal = work();
    this.#removals.set(digest, removal);
    try {
      await removal;
    } finally {
      this.#removals.delete(digest);
    }
  }
}
