import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { FoundBlob } from '../index/blob-table.ts';
import type { CacheIndex } from '../index/cache-index.ts';
import { stampOf } from '../index/stamp.ts';
import type { Leaving } from './busy-names.ts';
import { ALGORITHMS, blobPath, type Layout } from './layout.ts';
import { isMissing } from './quarantine.ts';

const SHARD = /^[0-9a-f]{2}$/;
/** Rows that are read or written, or files that are looked at, before others have their turn. */
const SLICE = 64;

export interface Reconciled {
  /** Files that had no row. */
  readonly adopted: number;
  /** Rows that had no file. */
  readonly dropped: number;
}

interface ReconcilerParts {
  readonly layout: Layout;
  readonly index: CacheIndex;
  readonly leaving: Leaving;
}

/**
 * Brings rows and files together, shard by shard, while the cache serves: after a crash, over a cache of before there was an index,
 * and when somebody has changed files by hand. A file without a row is adopted, as one that nobody has hashed; a row without a
 * file is dropped. Files whose names are no digests are left alone.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #stopped = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @throws cache.failed, or as the file system says */
  async run(): Promise<Reconciled> {
    let [adopted, dropped] = [0, 0];
    for (const algorithm of ALGORITHMS) {
      for (let shard = 0; shard < 256 && !this.#stopped; shard++) {
        const name = shard.toString(16).padStart(2, '0');
        const files = await this.#files(algorithm, name);
        dropped += await this.#dropRows(`${algorithm}:${name}`, files);
        adopted += await this.#adoptFiles([...files]);
      }
    }
    return { adopted, dropped };
  }

  /** A single one that somebody asks for before its turn. */
  async adopt(digest: Digest): Promise<void> {
    await this.#adoptFiles([digest]);
  }

  async #files(algorithm: string, shard: string): Promise<Set<Digest>> {
    const names = SHARD.test(shard) ? await namesIn(join(this.#parts.layout.blobs, algorithm, shard)) : [];
    const digests = names.map((name) => `${algorithm}:${name}`).filter(isDigest);
    return new Set(digests.filter((digest) => digest.startsWith(`${algorithm}:${shard}`)));
  }

  /** Takes those that have a row from `files`. @returns how many rows had no file */
  async #dropRows(prefix: string, files: Set<Digest>): Promise<number> {
    const { index } = this.#parts;
    let dropped = 0;
    const page = (after: string) => index.read((table) => table.beginningWith(prefix, after, SLICE), []);
    for (let rows = page(prefix); rows.length > 0 && !this.#stopped; rows = page(rows.at(-1)?.digest ?? '')) {
      const missing = rows.filter(({ digest }) => !files.delete(digest));
      // One that came after the folder was read is there.
      const gone = await filtered(missing, async ({ digest }) => (await this.#found(digest)) === undefined);
      if (gone.length > 0) dropped += (await index.write('drop a row', (table) => table.forgetUnused(gone))).length;
      await setImmediate();
    }
    return dropped;
  }

  async #adoptFiles(files: readonly Digest[]): Promise<number> {
    const { index, leaving } = this.#parts;
    let adopted = 0;
    for (let from = 0; from < files.length && !this.#stopped; from += SLICE) {
      const slice = files.slice(from, from + SLICE).filter((digest) => !leaving.has(digest));
      const found = (await Promise.all(slice.map((digest) => this.#found(digest)))).filter(
        (each) => each !== undefined,
      );
      const staying = found.filter(({ digest }) => !leaving.has(digest));
      if (staying.length > 0) adopted += await index.write('adopt files', (table) => table.adopt(staying));
      await setImmediate();
    }
    return adopted;
  }

  /** Its time of change stands for its last use, which is what caches of before there was an index keep there. */
  async #found(digest: Digest): Promise<FoundBlob | undefined> {
    try {
      const stats = await lstat(blobPath(this.#parts.layout, digest), { bigint: true });
      if (!stats.isFile()) return undefined;
      return { digest, stamp: stampOf(stats), usedAt: Number(stats.mtimeNs / 1_000n) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function filtered<T>(items: readonly T[], keep: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(items.map(keep));
  return items.filter((_, i) => kept[i]);
}
