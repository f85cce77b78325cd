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
  /** Its blocks, two at least, of one size. Theirs again who lent them once `commit` or `abort` is over. */
  readonly buffers: readonly [Buffer, Buffer, ...Buffer[]];
  readonly pace: Pace;
  /** Called whenever `safe` may have grown. */
  readonly onProgress: () => void;
  /** Here unless given. */
  readonly hashing?: Hashing;
}

const DONE = Promise.resolve();

/**
 * The only way into the cache: a temporary blob that is hashed while it grows, and that can be committed only when the
 * verdict was good. Readers may follow it up to `safe`.
 *
 * A few blocks: one fills from the network while those before it are hashed and written, so the slowest of the three sets the
 * pace and memory stays the same. A block is filled again only after both have ended.
 */
export class VerifyingSpool {
  readonly #writer: BlobWriter;
  readonly #verifier: BlobVerifier;
  readonly #options: SpoolOptions;
  /** To be filled, in turn: each once its last use has ended. */
  readonly #blocks: { readonly memory: Buffer; free: Promise<void> }[];
  #turn = 0;
  #written = 0;
  #verified = false;
  #failed: unknown;
  #pending: Promise<void> = DONE;

  constructor(writer: BlobWriter, blob: { readonly digest: Digest; readonly size: number }, options: SpoolOptions) {
    const { hashing = inlineHashing, buffers } = options;
    this.#writer = writer;
    this.#verifier = new BlobVerifier(blob.digest, blob.size, { hashing });
    this.#options = options;
    this.#blocks = buffers.map((memory) => ({ memory, free: DONE }));
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

  /** Memory for the next bytes; `take` follows. @throws cache.failed for bytes that were taken before */
  async room(): Promise<Buffer> {
    const block = this.#block();
    await block.free;
    if (this.#failed !== undefined) throw this.#failed as Error;
    return block.memory;
  }

  /** Whether what is in the room shall go on although it is not full. */
  readonly enough = (): boolean => this.#options.pace.due();

  /** So many bytes have come into the room that was given. @throws integrity.length */
  take(count: number): void {
    this.#verifier.count(count);
    const block = this.#block();
    const bytes = block.memory.subarray(0, count);
    // A hash that is lost ends no download: `finish` meets it, and hashes the file.
    const hashed = this.#verifier.update(bytes).catch(() => undefined);
    const written = (this.#pending = this.#append(bytes, this.#pending));
    written.catch((error: unknown) => (this.#failed ??= error)); // the next room, finish or abort meets it
    block.free = written.catch(() => undefined).then(() => hashed);
    this.#turn = (this.#turn + 1) % this.#blocks.length;
  }

  /** Waits for what is being written, then the verdict. @throws integrity.* · cache.failed */
  async finish(): Promise<void> {
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
    await Promise.all(this.#blocks.map(({ free }) => free));
    if (!this.#verified) this.#verifier.drop();
    await this.#writer.abort();
  }

  #block(): { readonly memory: Buffer; free: Promise<void> } {
    const block = this.#blocks[this.#turn];
    if (block === undefined) throw new TufgateError('internal', 'a spool without blocks');
    return block;
  }

  async #append(bytes: Buffer, before: Promise<void>): Promise<void> {
    await before;
    await this.#writer.write(bytes);
    this.#written += bytes.length;
    this.#options.onProgress();
  }

  async #hashAgain(): Promise<void> {
    const { digest, size } = this.#verifier;
    const reader = await this.#writer.reader();
    try {
      const [one, other] = this.#options.buffers;
      await verifyFile(reader, new BlobVerifier(digest, size), [one, other]);
    } finally {
      await reader.close();
    }
  }
}
