import type { BlobReader, BlobWriter } from '../cache/blob-store.ts';
import { TufgateError } from '../errors.ts';
import { type BlobVerifier, heldBack } from './blob-verifier.ts';
import type { Pace } from './pace.ts';

export interface SpoolOptions {
  readonly tailBytes: number;
  /** Size of each of the two write buffers. */
  readonly bufferBytes: number;
  readonly pace: Pace;
  /** Called whenever `safe` may have grown. */
  readonly onProgress: () => void;
}

/**
 * The only way into the cache: a temporary blob that is hashed while it grows, and that can be committed only when the
 * verdict was good. Readers may follow it up to `safe`.
 *
 * Two buffers: one fills from the network while the other is written, so the slower of both sets the pace and memory
 * stays the same. A buffer is filled again only after its write has ended.
 */
export class VerifyingSpool {
  readonly #writer: BlobWriter;
  readonly #verifier: BlobVerifier;
  readonly #options: SpoolOptions;
  #filling: Buffer;
  #resting: Buffer;
  #filled = 0;
  #written = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(writer: BlobWriter, verifier: BlobVerifier, options: SpoolOptions) {
    this.#writer = writer;
    this.#verifier = verifier;
    this.#options = options;
    const bytes = Math.max(1, Math.min(options.bufferBytes, verifier.size));
    this.#filling = Buffer.allocUnsafeSlow(bytes);
    this.#resting = Buffer.allocUnsafeSlow(bytes);
  }

  /** Bytes that can be read back. */
  get written(): number {
    return this.#written;
  }

  /** Bytes that may be shown to clients: all once verified, else what is written without the tail. */
  get safe(): number {
    const { size, verified } = this.#verifier;
    return verified ? size : Math.min(this.#written, size - heldBack(size, this.#options.tailBytes));
  }

  /** Resolves when `chunk` may be reused. @throws integrity.length · cache.failed, also for an earlier chunk */
  async write(chunk: Uint8Array): Promise<void> {
    this.#verifier.update(chunk);
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + this.#filling.length - this.#filled);
      this.#filling.set(piece, this.#filled);
      taken += piece.length;
      this.#filled += piece.length;
      if (this.#filled === this.#filling.length || this.#options.pace.due()) await this.#flush();
    }
  }

  /** Writes what is left, then the verdict. @throws integrity.* · cache.failed */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#flush();
    await this.#pending;
    this.#verifier.finish();
    this.#options.onProgress();
  }

  reader(): Promise<BlobReader> {
    return this.#writer.reader();
  }

  /** @throws cache.failed · internal when the verdict was not good */
  async commit(): Promise<void> {
    if (!this.#verifier.verified) throw new TufgateError('internal', 'a blob may not be kept before it was verified');
    await this.#writer.commit();
  }

  async abort(): Promise<void> {
    await this.#pending.catch(() => undefined);
    await this.#writer.abort();
  }

  async #flush(): Promise<void> {
    await this.#pending;
    const block = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#resting] = [this.#resting, this.#filling];
    this.#filled = 0;
    this.#pending = this.#append(block);
    this.#pending.catch(() => undefined); // the next flush, finish or abort meets it
  }

  async #append(block: Buffer): Promise<void> {
    await this.#writer.write(block);
    this.#written += block.length;
    this.#options.onProgress();
  }
}
