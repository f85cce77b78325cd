const SMALL_BYTES = 64 * 1024;

export interface BufferTier {
  /** Of one buffer. */
  readonly bytes: number;
  /** Buffers lent at the same time. */
  readonly maxLent: number;
  /** Kept for the next reader. */
  readonly maxKept: number;
}

/**
 * Read buffers, lent in pairs: one is read into while the other is on its way to the client. Large ones are worth a
 * factor of five in speed, so they are reused; their number is bounded, so that many readers stay cheap: whoever comes when the
 * largest are lent gets smaller ones instead of waiting for slow clients. That is no slower for many: their large buffers would not
 * fit into the processor's cache together.
 */
export class ReadBuffers {
  readonly #tiers: readonly (BufferTier & { readonly kept: Buffer[]; lent: number })[];
  readonly #most: number;
  readonly #memory: (bytes: number) => Buffer;

  /**
   * @param tiers the largest first
   * @param memory where buffers come from, but for the small ones, which are lent once
   */
  constructor(
    tiers: readonly BufferTier[],
    memory: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
  ) {
    this.#tiers = tiers.filter(({ bytes }) => bytes > SMALL_BYTES).map((tier) => ({ ...tier, kept: [], lent: 0 }));
    this.#most = Math.max(...tiers.map(({ bytes }) => bytes));
    this.#memory = memory;
  }

  /** @param wanted bytes that will be read in all */
  lend(wanted: number): [Buffer, Buffer] {
    const tier = this.#tiers.find(
      ({ lent, maxLent }, i) => lent + 2 <= maxLent && wanted > (this.#tiers[i + 1]?.bytes ?? SMALL_BYTES),
    );
    if (tier !== undefined) {
      tier.lent += 2;
      const one = (): Buffer => tier.kept.pop() ?? this.#memory(tier.bytes);
      return [one(), one()];
    }
    const bytes = Math.max(1, Math.min(wanted, SMALL_BYTES, this.#most));
    return [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  }

  /** @param reusable false while a socket may still read from one of them */
  giveBack(pair: readonly Buffer[], reusable: boolean): void {
    for (const buffer of pair) {
      const tier = this.#tiers.find(({ bytes }) => bytes === buffer.length);
      if (tier === undefined) continue;
      tier.lent -= 1;
      if (reusable && tier.kept.length < tier.maxKept) tier.kept.push(buffer);
    }
  }
}
