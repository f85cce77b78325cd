import { lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TufgateError } from '../../errors.ts';
import { algorithmOf, type Digest, hexOf, isDigest, parseDigest } from '../../oci/digest.ts';

/**
 * Where things lie: `v1/blobs/sha256/ab/<hex>` and `v1/tmp/`. The version is part of the path: another layout is another
 * folder, and a folder of a later version is never touched, because what it means is not known here.
 */
const VERSION = 1;
const ALGORITHMS = ['sha256', 'sha512'] as const;
const SHARD = /^[0-9a-f]{2}$/;
const AT_ONCE = 16;

export interface Layout {
  readonly blobs: string;
  readonly temporary: string;
}

/** The one place that turns a digest into a path; what is not a digest never becomes one. */
export function blobPath(layout: Layout, digest: Digest): string {
  const hex = hexOf(parseDigest(digest));
  return join(layout.blobs, algorithmOf(digest), hex.slice(0, 2), hex);
}

/**
 * Creates what is missing, and removes the temporary files that a crash left.
 * @param directory the cache's own folder
 * @throws cache.newer-version, startup.directory
 */
export async function prepareLayout(directory: string): Promise<Layout> {
  const root = join(directory, `v${VERSION}`);
  const layout = { blobs: join(root, 'blobs'), temporary: join(root, 'tmp') };
  try {
    await mkdir(directory, { recursive: true });
    await refuseNewer(directory);
    for (const algorithm of ALGORITHMS) await mkdir(join(layout.blobs, algorithm), { recursive: true });
    await rm(layout.temporary, { recursive: true, force: true });
    await mkdir(layout.temporary);
    await probe(join(layout.temporary, 'probe'));
  } catch (error) {
    throw error instanceof TufgateError ? error : unusable(directory, error);
  }
  return layout;
}

async function refuseNewer(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const version = /^v(\d+)$/.exec(name)?.[1];
    if (version === undefined || Number(version) <= VERSION) continue;
    throw new TufgateError(
      'cache.newer-version',
      `the cache ${join(directory, name)} was made by a newer tufgate; this one knows layout v${VERSION}. ` +
        `Run the newer tufgate, or move ${directory} away to start with an empty cache.`,
      { detail: { path: join(directory, name) } },
    );
  }
}

async function probe(path: string): Promise<void> {
  await (await open(path, 'wx')).close();
  await rm(path);
}

function unusable(directory: string, cause: unknown): TufgateError {
  return new TufgateError(
    'startup.directory',
    `the cache directory ${directory} cannot be used (${messageOf(cause)}). ` +
      `Make it a directory that this user may write to, or set \`data:\` to another one.`,
    { cause, detail: { path: directory } },
  );
}

export interface FoundBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Last use, epoch milliseconds. */
  readonly usedAt: number;
}

/** Every blob on disk, least recently used first. Files whose name is no digest are left alone. @throws startup.directory */
export async function listBlobs(layout: Layout): Promise<FoundBlob[]> {
  try {
    const found: FoundBlob[] = [];
    for (const algorithm of ALGORITHMS) {
      const shards = await readdir(join(layout.blobs, algorithm));
      await inParallel(
        shards.filter((name) => SHARD.test(name)),
        async (shard) => void found.push(...(await listShard(layout, algorithm, shard))),
      );
    }
    return found.sort((a, b) => a.usedAt - b.usedAt);
  } catch (error) {
    throw unusable(layout.blobs, error);
  }
}

async function listShard(layout: Layout, algorithm: string, shard: string): Promise<FoundBlob[]> {
  const found: FoundBlob[] = [];
  for (const name of await readdir(join(layout.blobs, algorithm, shard))) {
    const digest = `${algorithm}:${name}`;
    if (!isDigest(digest) || !name.startsWith(shard)) continue;
    const stats = await lstat(blobPath(layout, digest));
    if (stats.isFile()) found.push({ digest, size: stats.size, usedAt: stats.mtimeMs });
  }
  return found;
}

async function inParallel(items: readonly string[], work: (item: string) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
