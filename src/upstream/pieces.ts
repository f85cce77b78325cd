/**
 * A body as it came. Putting 20 MB together holds a thread for tens of milliseconds, so it is left to whoever needs the
 * body in one piece: for metadata that is large, a thread that serves nobody.
 */
export type Pieces = readonly Uint8Array[];

export function joined(pieces: Pieces): Uint8Array {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}

const PIECE_BYTES = 256 * 1024;
const FIRST_BYTES = 4 * 1024;

/** Gathers pieces of one size, however small the chunks are that a peer cuts its answer into. */
export class Gathering {
  length = 0;
  readonly #full: Uint8Array[] = [];
  #piece = Buffer.alloc(0);
  #filled = 0;

  add(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0;) {
      if (this.#filled === this.#piece.length) this.#begin(rest.length);
      const part = rest.subarray(0, this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
    }
    this.length += chunk.length;
  }

  /** Each has memory of its own, so that it can be moved to another thread. */
  pieces(): Pieces {
    return [...this.#full, new Uint8Array(this.#piece.buffer, 0, this.#filled)];
  }

  #begin(wanted: number): void {
    if (this.#filled > 0) this.#full.push(new Uint8Array(this.#piece.buffer));
    const size = this.length === 0 && this.#filled === 0 ? Math.max(wanted, FIRST_BYTES) : PIECE_BYTES;
    this.#piece = Buffer.allocUnsafeSlow(Math.min(size, PIECE_BYTES));
    this.#filled = 0;
  }
}
