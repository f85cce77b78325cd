import { lstat, rm } from 'node:fs/promises';
import { TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobReader } from '../blob-store.ts';
import type { CacheIndex } from '../index/cache-index.ts';
import { sameFile, type Stamp, stampOf } from '../index/stamp.ts';
import type { Leaving } from './busy-names.ts';
import { blobPath, type Layout } from './layout.ts';
import type { Quarantine } from './quarantine.ts';
import { failing, FsBlobReader, SharedFile, type Standing } from './shared-file.ts';

interface KeptFilesParts {
  readonly layout: Layout;
  readonly index: CacheIndex;
  readonly leaving: Leaving;
  readonly quarantine: Quarantine;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of a blob that was set apart, because its file has another length than was committed. */
  readonly onDamage: (digest: Digest) => void;
}

/** Files that have a row: opened as what the row says of them, and taken away together with it. */
export class KeptFiles {
  readonly #layout: Layout;
  readonly #index: CacheIndex;
  readonly #leaving: Leaving;
  readonly #quarantine: Quarantine;
  readonly #now: () => number;
  readonly #onDamage: (digest: Digest) => void;
  readonly #opened = new WeakMap<BlobReader, Stamp>();

  constructor({ layout, index, leaving, quarantine, now, onDamage }: KeptFilesParts) {
    this.#layout = layout;
    this.#index = index;
    this.#leaving = leaving;
    this.#quarantine = quarantine;
    this.#now = now;
    this.#onDamage = onDamage;
  }

  /** @param giveBack the lease, once it is closed */
  async open(digest: Digest, giveBack: () => void): Promise<BlobReader | undefined> {
    const file = await this.#openFile(digest);
    const stamp = await file?.stamp();
    // What is known of it by now: it may have been replaced, or evicted, since it was looked up.
    const row = this.#index.read((table) => table.find(digest), undefined);
    if (file !== undefined && stamp !== undefined && row !== undefined && stamp.size === row.stamp.size) {
      const verified = row.verifiedAt > 0 && sameFile(stamp, row.stamp);
      const reader = new FsBlobReader(file, () => stamp.size, this.#standing(digest, file, stamp, verified, giveBack));
      this.#opened.set(reader, stamp);
      return reader;
    }
    await file?.release();
    if (row !== undefined) await this.#takeOut(digest, row.stamp, stamp);
    return undefined;
  }

  #standing(digest: Digest, file: SharedFile, opened: Stamp, verified: boolean, closed: () => void): Standing {
    const vouch = async (): Promise<void> => {
      const stamp = await failing('look at a blob', () => file.stamp());
      // Changed while it was hashed: what was hashed is not what is there now.
      if (stamp === undefined || !sameFile(stamp, opened)) return;
      const at = this.#now();
      await this.#index.write('note that a blob is right', (table) => table.vouch(digest, stamp, at));
      standing.unchanged = true;
    };
    const standing = { unchanged: verified, vouch, closed };
    return standing;
  }

  /** A file that is gone, or of another length than was committed. */
  async #takeOut(digest: Digest, known: Stamp, found: Stamp | undefined): Promise<void> {
    if (found !== undefined) {
      this.#onDamage(digest);
      return this.quarantine(digest);
    }
    await this.#index.write('drop a row', (table) => table.forgetFile(digest, known)).catch(() => undefined);
  }

  async delete(digest: Digest): Promise<void> {
    const path = blobPath(this.#layout, digest);
    const forgotten = await this.#forget(digest);
    await failing('delete a blob', () => this.#leaving.remove(digest, () => rm(path, { force: true })));
    forgotten.assert();
  }

  async quarantine(digest: Digest, seen?: BlobReader): Promise<void> {
    const path = blobPath(this.#layout, digest);
    if (seen !== undefined && !(await this.#isStill(path, this.#opened.get(seen)))) return;
    const forgotten = await this.#forget(digest);
    await failing('set a blob apart', () => this.#leaving.remove(digest, () => this.#quarantine.take(path, digest)));
    forgotten.assert();
  }

  async #isStill(path: string, seen: Stamp | undefined): Promise<boolean> {
    const stats = await lstat(path, { bigint: true }).catch(() => undefined);
    return seen === undefined || (stats !== undefined && stampOf(stats).inode === seen.inode);
  }

  /** The file goes in any case; a row that could not be taken away is dropped when it is met without one. */
  async #forget(digest: Digest): Promise<{ assert(): void }> {
    try {
      await this.#index.write('forget a blob', (table) => table.forget(digest));
      return { assert: () => undefined };
    } catch (error) {
      return {
        assert: () => {
          throw error;
        },
      };
    }
  }

  async remove(digest: Digest): Promise<void> {
    await this.#leaving.remove(digest, () => rm(blobPath(this.#layout, digest), { force: true }));
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
}
