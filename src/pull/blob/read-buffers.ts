const SMALL_BYTES = 64 * 1024;

/** So few readers have the machine for themselves. */
const FEW = 2;

export interface BufferLimits {
  /** Of one large buffer. */
  readonly bytes: number;
  /** Large buffers lent at the same time; whoever comes later gets small ones instead of waiting for slow clients. */
  readonly maxLent: number;
  /** Kept for the next reader, of either large size. */
  readonly maxKept: number;
  /** Where buffers come from; zeroes. */
  readonly memory?: (bytes: number) => Buffer;
}

/**
 * Read buffers, lent in pairs: one is read into while the other is on its way to the client. Large ones are worth a
 * factor of five in speed, so they are reused; their number is bounded, so that many readers stay cheap.
 *
 * One or two readers get buffers of twice the size: fewer turns between disk and socket, a fifth more bytes a second. For
 * eight readers the same size is slower by as much, since their buffers no longer fit into the processor's cache.
 */
export class ReadBuffers {
  readonly #limits: BufferLimits;
  readonly #kept = new Map<number, Buffer[]>();
  readonly #memory: (bytes: number) => Buffer;
  /** Large ones. */
  #lent = 0;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
    this.#memory = limits.memory ?? ((bytes) => Buffer.allocUnsafeSlow(bytes));
  }

  /** @param wanted bytes that will be read in all */
  lend(wanted: number): [Buffer, Buffer] {
    const { bytes, maxLent } = this.#limits;
    if (wanted <= SMALL_BYTES || this.#lent + 2 > maxLent) {
      const small = Math.max(1, Math.min(wanted, SMALL_BYTES, bytes));
      return [this.#memory(small), this.#memory(small)];
    }
    const large = Math.max(this.#lent < 2 * FEW ? 2 * bytes : bytes, SMALL_BYTES + 1);
    return [this.#large(large), this.#large(large)];
  }

  /** @param reusable false while a socket may still read from one of them */
  giveBack(pair: readonly Buffer[], reusable: boolean): void {
    for (const buffer of pair) {
      if (buffer.length <= SMALL_BYTES) continue;
      this.#lent -= 1;
      const kept = this.#keptOf(buffer.length);
      if (reusable && kept.length < this.#limits.maxKept) kept.push(buffer);
    }
  }

  #large(bytes: number): Buffer {
    this.#lent += 1;
    return this.#keptOf(bytes).pop() ?? this.#memory(bytes);
  }

  #keptOf(bytes: number): Buffer[] {
    const kept = this.#kept.get(bytes) ?? [];
    this.#kept.set(bytes, kept);
    return kept;
  }
}
