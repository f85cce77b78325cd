import { randomUUID } from 'node:crypto';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import { BlobIndex, type CacheLimits } from '../eviction.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { blobPath, type Layout, listBlobs, prepareLayout } from './layout.ts';
import { failing, FsBlobReader, SharedFile } from './shared-file.ts';

const NOTE_USE_EVERY_MS = 3_600_000;

export interface FsBlobStoreOptions extends CacheLimits {
  /** The cache's own folder, `<data>/cache`; created when missing. One process at a time. */
  readonly directory: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Blobs as files named by their digest. What is there is known from a listing at the start, so a miss costs no disk
 * access and `usedBytes` is exact; the order of last use survives a restart in the files' mtime.
 *
 * Left out: the content is not hashed again when it is opened (a later check of the whole cache does); only its size is
 * compared, and a file of another size is dropped.
 * @throws cache.newer-version, startup.directory
 */
export async function openFsBlobStore(options: FsBlobStoreOptions): Promise<BlobStore> {
  const layout = await prepareLayout(options.directory);
  const index = new BlobIndex(options);
  for (const { digest, size, usedAt } of await listBlobs(layout)) index.add(digest, size, usedAt);
  return new FsBlobStore(layout, index, options.now);
}

class FsBlobStore implements BlobStore {
  readonly #layout: Layout;
  readonly #index: BlobIndex;
  readonly #now: () => number;
  readonly #notes = new Set<Promise<void>>();

  constructor(layout: Layout, index: BlobIndex, now: () => number) {
    this.#layout = layout;
    this.#index = index;
    this.#now = now;
  }

  get usedBytes(): number {
    return this.#index.usedBytes;
  }

  stat(digest: Digest): Promise<number | undefined> {
    this.#use(digest);
    return Promise.resolve(this.#index.sizeOf(digest));
  }

  async open(digest: Digest, purpose: 'serve' | 'check' = 'serve'): Promise<BlobReader | undefined> {
    const size = this.#index.sizeOf(digest);
    if (size === undefined) return undefined;
    if (purpose === 'serve') this.#use(digest);
    const file = await this.#openFile(digest);
    if (file !== undefined && (await file.size()) === size) return new FsBlobReader(file, () => size);
    await file?.release();
    if (this.#index.sizeOf(digest) === size) await this.delete(digest);
    return undefined;
  }

  async create(digest: Digest, size: number): Promise<BlobWriter | undefined> {
    const path = blobPath(this.#layout, digest);
    if (!this.#index.promise(size)) return undefined;
    const temporary = join(this.#layout.temporary, randomUUID());
    try {
      const file = await failing('create a file', () => SharedFile.create(temporary));
      const makeRoom = (bytes: number): Promise<void> => this.#makeRoom(bytes);
      const ended = (kept: boolean, grown: number): void => this.#ended(digest, size, kept, grown);
      return new FsBlobWriter(file, { temporary, path, size, makeRoom, ended });
    } catch (error) {
      this.#index.release(size, 0);
      throw error;
    }
  }

  async delete(digest: Digest): Promise<void> {
    this.#index.remove(digest);
    await failing('delete a blob', () => rm(blobPath(this.#layout, digest), { force: true }));
  }

  quarantine(digest: Digest): Promise<void> {
    return this.delete(digest);
  }

  leastRecentlyVerified(_: number, most: number): Promise<readonly { digest: Digest; size: number }[]> {
    return Promise.resolve(this.#index.entries().slice(0, most));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other stores have to ask
  async *list(): AsyncGenerator<{ digest: Digest; size: number }, void, undefined> {
    yield* this.#index.entries();
  }

  async close(): Promise<void> {
    await Promise.all(this.#notes);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const evicted = this.#index.grow(bytes);
    await failing('evict a blob', async () => {
      for (const victim of evicted) await rm(blobPath(this.#layout, victim), { force: true });
    });
  }

  #ended(digest: Digest, size: number, kept: boolean, grown: number): void {
    this.#index.release(size, grown);
    if (kept) this.#index.add(digest, size, this.#now());
  }

  async #openFile(digest: Digest): Promise<SharedFile | undefined> {
    try {
      return await SharedFile.openForReading(blobPath(this.#layout, digest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ELOOP') return undefined;
      throw new TufgateError('cache.failed', `the cache cannot open ${digest}: look at the disk`, { cause: error });
    }
  }

  /** At most once an hour a blob the use is written down, off everybody's path; a lost note costs eviction order only. */
  #use(digest: Digest): void {
    const at = this.#now();
    if (!this.#index.use(digest, at, NOTE_USE_EVERY_MS)) return;
    const note = utimes(blobPath(this.#layout, digest), at / 1000, at / 1000).catch(() => undefined);
    this.#notes.add(note);
    void note.finally(() => this.#notes.delete(note));
  }
}
