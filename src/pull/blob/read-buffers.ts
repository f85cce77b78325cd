const SMALL_BYTES = 64 * 1024;

export interface BufferLimits {
  /** Of one large buffer. */
  readonly bytes: number;
  /** Large buffers lent at the same time; whoever comes later gets small ones instead of waiting for slow clients. */
  readonly maxLent: number;
  /** Kept for the next reader. */
  readonly maxKept: number;
  /** Where buffers come from; zeroes. */
  readonly memory?: (bytes: number) => Buffer;
}

/**
 * Read buffers, lent in pairs: one is read into while the other is on its way to the client. Large ones are worth a
 * factor of five in speed, so they are reused; their number is bounded, so that many readers stay cheap.
 */
export class ReadBuffers {
  readonly #limits: BufferLimits;
  readonly #kept: Buffer[] = [];
  readonly #memory: (bytes: number) => Buffer;
  #lent = 0;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
    this.#memory = limits.memory ?? ((bytes) => Buffer.allocUnsafeSlow(bytes));
  }

  /** @param wanted bytes that will be read in all */
  lend(wanted: number): [Buffer, Buffer] {
    const small = wanted <= SMALL_BYTES || this.#lent + 2 > this.#limits.maxLent;
    if (!small) return [this.#large(), this.#large()];
    const bytes = Math.max(1, Math.min(wanted, SMALL_BYTES, this.#limits.bytes));
    return [this.#memory(bytes), this.#memory(bytes)];
  }

  /** @param reusable false while a socket may still read from one of them */
  giveBack(pair: readonly Buffer[], reusable: boolean): void {
    for (const buffer of pair) {
      if (buffer.length <= SMALL_BYTES) continue;
      this.#lent -= 1;
      if (reusable && this.#kept.length < this.#limits.maxKept) this.#kept.push(buffer);
    }
  }

  #large(): Buffer {
    this.#lent += 1;
    return this.#kept.pop() ?? this.#memory(Math.max(this.#limits.bytes, SMALL_BYTES + 1));
  }
}
