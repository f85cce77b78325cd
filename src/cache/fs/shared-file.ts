import { constants, read } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, TufgateError } from '../../errors.ts';
import type { BlobReader } from '../blob-store.ts';
import { type Stamp, stampOf } from '../index/stamp.ts';

/**
 * One descriptor for whoever reads or writes a file, closed when the last lets go. Renaming and unlinking the file do
 * not touch it, so readers are independent of commit, abort and eviction.
 */
export class SharedFile {
  readonly #handle: FileHandle;
  #holders = 1;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<SharedFile> {
    return new SharedFile(await open(path, 'wx+'));
  }

  static async openForReading(path: string): Promise<SharedFile> {
    return new SharedFile(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  }

  hold(): this {
    if (this.#holders === 0) throw new TufgateError('cache.failed', 'the temporary blob is gone already');
    this.#holders += 1;
    return this;
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0) await this.#handle.close();
  }

  /** Undefined when it is no file. */
  async stamp(): Promise<Stamp | undefined> {
    const stats = await this.#handle.stat({ bigint: true });
    return stats.isFile() ? stampOf(stats) : undefined;
  }

  /**
   * The callback, and one promise of our own: those of the handle cost a warm pull a tenth of its speed. The file is held
   * meanwhile: a descriptor that was closed under a read would soon be another file's.
   */
  async read(into: Buffer, position: number): Promise<number> {
    this.hold();
    try {
      return await new Promise((resolve, reject) => {
        const done = (error: Error | null, count: number): void => (error ? reject(error) : resolve(count));
        read(this.#handle.fd, into, 0, into.length, position, done);
      });
    } finally {
      await this.release();
    }
  }

  async write(chunk: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, done, chunk.length - done, position + done);
      done += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }
}

/** What the store knows of an open file beyond its bytes. */
export interface Standing {
  readonly unchanged: boolean;
  vouch(): Promise<void>;
  /** Called once. */
  closed(): void;
}

/** Of a file that is being written: it has no name yet that anybody else could write to. */
const TEMPORARY: Standing = { unchanged: true, vouch: () => Promise.resolve(), closed: () => undefined };

export class FsBlobReader implements BlobReader {
  readonly #file: SharedFile;
  readonly #size: () => number;
  readonly #standing: Standing;
  #closed = false;

  /** @param file already held for this reader */
  constructor(file: SharedFile, size: () => number, standing = TEMPORARY) {
    this.#file = file;
    this.#size = size;
    this.#standing = standing;
  }

  get size(): number {
    return this.#size();
  }

  get unchanged(): boolean {
    return this.#standing.unchanged;
  }

  vouch(): Promise<void> {
    return this.#standing.vouch();
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    return failing('read', () => this.#file.read(into, position));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#standing.closed();
    await this.#file.release();
  }
}

/** @throws cache.failed for whatever the disk says */
export async function failing<T>(verb: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TufgateError) throw error;
    throw new TufgateError(
      'cache.failed',
      `the cache cannot ${verb} (${messageOf(error)}). Pulls go on uncached; look at the free space and the health of the disk.`,
      { cause: error },
    );
  }
}
