import { access, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TufgateError } from '../../errors.ts';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../oci/digest.ts';

/**
 * Where things lie: `v1/blobs/sha256/ab/<hex>`, `v1/tmp/`, `v1/quarantine/` and `v1/index.db`. The version is part of the path: another layout is another
 * folder, and a folder of a later version is never touched, because what it means is not known here.
 */
const VERSION = 1;
export const ALGORITHMS = ['sha256', 'sha512'] as const;

export interface Layout {
  readonly blobs: string;
  readonly temporary: string;
  readonly quarantine: string;
  readonly index: string;
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
  const layout = layoutOf(directory);
  try {
    await mkdir(directory, { recursive: true });
    await refuseNewer(directory);
    for (const algorithm of ALGORITHMS) await mkdir(join(layout.blobs, algorithm), { recursive: true });
    await mkdir(layout.quarantine, { recursive: true });
    await rm(layout.temporary, { recursive: true, force: true });
    await mkdir(layout.temporary);
    await probe(join(layout.temporary, 'probe'));
  } catch (error) {
    throw error instanceof TufgateError ? error : unusable(directory, error);
  }
  return layout;
}

/**
 * For commands, which make no cache and take no temporary file from a server.
 * @throws cache.newer-version, upstream.not-found when there is no cache
 */
export async function findLayout(directory: string): Promise<Layout> {
  const layout = layoutOf(directory);
  try {
    await access(layout.blobs);
  } catch (cause) {
    throw new TufgateError(
      'upstream.not-found',
      `nothing is cached: there is no ${layout.blobs}; no gate has served with this configuration yet, or its \`data\` is another folder`,
      { cause },
    );
  }
  await refuseNewer(directory);
  return layout;
}

function layoutOf(directory: string): Layout {
  const root = join(directory, `v${VERSION}`);
  return {
    blobs: join(root, 'blobs'),
    temporary: join(root, 'tmp'),
    quarantine: join(root, 'quarantine'),
    index: join(root, 'index.db'),
  };
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
