export interface CacheLimits {
  readonly maxBytes: number;
  /** Eviction goes on until this much is left. */
  readonly lowWaterBytes: number;
}

/**
 * What is promised to blobs being written, and what of it has arrived. Pure: who keeps the blobs deletes some of them when
 * this says that room is lacking.
 *
 * A promise evicts nothing, bytes that arrive do: else one manifest that claims a large blob, which its registry does
 * not even have, would empty the cache.
 */
export class Room {
  readonly #limits: CacheLimits;
  #promised = 0;
  #growing = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
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

  /** `bytes` more of a promised blob are about to be written. */
  grow(bytes: number): void {
    this.#growing += bytes;
  }

  /** @param grown bytes that `grow` was told of for this promise */
  release(size: number, grown: number): void {
    this.#promised -= size;
    this.#growing -= grown;
  }

  /** Bytes that have arrived of blobs that are not kept yet. */
  get growing(): number {
    return this.#growing;
  }

  /** Bytes of those kept that must go before all that has arrived fits; not above 0 when it does. */
  lacking(keptBytes: number): number {
    return keptBytes + this.#growing - this.#limits.maxBytes;
  }

  /** The same, down to the low water. */
  aboveLowWater(keptBytes: number): number {
    return keptBytes + this.#growing - this.#limits.lowWaterBytes;
  }
}
