import { randomBytes } from 'node:crypto';
import { copyFile, link, lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ReadFile } from '../standing/standing.ts';

/**
 * The published folder: plain files, fit for any web server. The folder is a symbolic link to a tree beside it, and a publication
 * is a new tree and one rename of the link: whatever happens meanwhile, the folder is the one before or the one after, never a mix.
 * Files that did not change are hard links. The tree before stays, for whoever is reading it.
 *
 * Writing into one folder, `timestamp.json` last, was rejected: a new root that changes the key of the timestamp and the new
 * timestamp are two files.
 */
const TREE = /^[0-9]{6,}-[0-9a-f]{8}$/;
const AT_ONCE = 16;

export function readFrom(folder: string): ReadFile {
  return async (name) => {
    try {
      return await readFile(join(folder, name));
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
  };
}

/** Where the trees of a published folder are. */
export function treesOf(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}`);
}

/**
 * @param files by name, in place of those of that name
 * @param drops whether a file that stands there is left behind
 */
export async function publishTree(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  drops: (name: string) => boolean = () => false,
): Promise<void> {
  const trees = treesOf(folder);
  await mkdir(trees, { recursive: true });
  const before = await currentTree(folder);
  const name = `${String(serialOf(before) + 1).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
  const tree = join(trees, name);
  await mkdir(tree);
  if (before !== undefined) await linkAll(folder, tree, (file) => !files.has(file) && !drops(file));
  await writeAll(tree, files);
  await syncFolder(tree);
  await syncFolder(trees);
  await pointTo(folder, join(basename(trees), name));
  await removeOthers(trees, new Set([name, before ?? name]));
}

/** The name of the tree that is published. */
async function currentTree(folder: string): Promise<string | undefined> {
  try {
    return basename(await readlink(folder));
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') return basename(folder);
    throw error;
  }
}

function serialOf(tree: string | undefined): number {
  return tree !== undefined && TREE.test(tree) ? Number.parseInt(tree, 10) : 0;
}

async function linkAll(from: string, to: string, wanted: (name: string) => boolean): Promise<void> {
  await inBatches((await readdir(from)).filter(wanted), (name) => linkOrCopy(join(from, name), join(to, name)));
}

/** Some file systems have no hard links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}

async function writeAll(tree: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await inBatches([...files], async ([name, bytes]) => {
    const file = await open(join(tree, name), 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function inBatches<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const run = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}

/** The publication itself: a rename over the link. A folder that somebody made by hand is set aside first. */
async function pointTo(folder: string, tree: string): Promise<void> {
  const next = `${treesOf(folder)}/next-${randomBytes(4).toString('hex')}`;
  await symlink(tree, next);
  if (await isFolder(folder)) await rename(folder, `${treesOf(folder)}/replaced-${randomBytes(4).toString('hex')}`);
  await rename(next, folder);
  await syncFolder(dirname(folder));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** What a crash left, and the trees before the last. */
async function removeOthers(trees: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(trees)) {
    const old = (TREE.test(name) && !keep.has(name)) || name.startsWith('next-');
    if (old) await rm(join(trees, name), { recursive: true, force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
