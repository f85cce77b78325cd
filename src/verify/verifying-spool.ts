import type { BlobReader, BlobWriter } from '../cache/blob-store.ts';
import { codeOf, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { BlobVerifier, heldBack } from './blob-verifier.ts';
import { type Hashing } from './hashing.ts';
import { inlineHashing } from './inline-hashing.ts';
import type { Pace } from './pace.ts';
import { verifyFile } from './verify-file.ts';

export interface SpoolOptions {
  readonly tailBytes: number;
  /** One fills while the other is written. Theirs again who lent them once `commit` or `abort` is over. */
  readonly buffers: readonly [Buffer, Buffer];
  readonly pace: Pace;
  /** Called whenever `safe` may have grown. */
  readonly onProgress: () => void;
  /** Here unless given. */
  readonly hashing?: Hashing;
}

/**
 * The only way into the cache: a temporary blob that is hashed while it grows, and that can be committed only when the
 * verdict was good. Readers may follow it up to `safe`.
 *
 * Two buffers: one fills from the network while the other is hashed and written, so the slowest of the three sets the pace
 * and memory stays the same. A buffer is filled again only after both have ended.
 */
export class VerifyingSpool {
  readonly #writer: BlobWriter;
  readonly #verifier: BlobVerifier;
  readonly #options: SpoolOptions;
  #filling: Buffer;
  #resting: Buffer;
  #filled = 0;
  #begun = false;
  #written = 0;
  #verified = false;
  #pending: Promise<void> = Promise.resolve();

  constructor(writer: BlobWriter, blob: { readonly digest: Digest; readonly size: number }, options: SpoolOptions) {
    const { hashing = inlineHashing, buffers } = options;
    this.#writer = writer;
    this.#verifier = new BlobVerifier(blob.digest, blob.size, { hashing });
    this.#options = options;
    [this.#filling, this.#resting] = buffers;
  }

  /** Bytes that can be read back. */
  get written(): number {
    return this.#written;
  }

  /** Bytes that may be shown to clients: all once verified, else what is written without the tail. */
  get safe(): number {
    const { size } = this.#verifier;
    return this.#verified ? size : Math.min(this.#written, size - heldBack(size, this.#options.tailBytes));
  }

  /** Resolves when `chunk` may be reused. @throws integrity.length · cache.failed, also for an earlier chunk */
  async write(chunk: Uint8Array): Promise<void> {
    this.#verifier.count(chunk.length);
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + this.#filling.length - this.#filled);
      this.#filling.set(piece, this.#filled);
      taken += piece.length;
      this.#filled += piece.length;
      if (this.#filled === this.#filling.length || this.#due()) await this.#flush();
    }
  }

  /** Writes what is left, then the verdict. @throws integrity.* · cache.failed */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#flush();
    await this.#pending;
    try {
      await this.#verifier.finish();
    } catch (error) {
      if (codeOf(error) !== 'internal') throw error;
      await this.#hashAgain();
    }
    this.#verified = true;
    this.#options.onProgress();
  }

  reader(): Promise<BlobReader> {
    return this.#writer.reader();
  }

  /** @throws cache.failed · internal when the verdict was not good */
  async commit(): Promise<void> {
    if (!this.#verified) throw new TufgateError('internal', 'a blob may not be kept before it was verified');
    await this.#writer.commit();
  }

  async abort(): Promise<void> {
    await this.#pending.catch(() => undefined);
    if (!this.#verified) this.#verifier.drop();
    await this.#writer.abort();
  }

  /** The first bytes go on at once: a client waits for them. */
  #due(): boolean {
    return !this.#begun || this.#options.pace.due();
  }

  async #flush(): Promise<void> {
    this.#begun = true;
    await this.#pending;
    const block = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#resting] = [this.#resting, this.#filling];
    this.#filled = 0;
    this.#pending = this.#append(block);
    this.#pending.catch(() => undefined); // the next flush, finish or abort meets it
  }

  /** A hash that is lost ends no download: `finish` meets it, and hashes the file. */
  async #append(block: Buffer): Promise<void> {
    const hashed = this.#verifier.update(block).catch(() => undefined);
    try {
      await this.#writer.write(block);
      this.#written += block.length;
      this.#options.onProgress();
    } finally {
      await hashed;
    }
  }

  async #hashAgain(): Promise<void> {
    const { digest, size } = this.#verifier;
    const reader = await this.#writer.reader();
    try {
      await verifyFile(reader, new BlobVerifier(digest, size), [this.#filling, this.#resting]);
    } finally {
      await reader.close();
    }
  }
}
