import { randomBytes } from 'node:crypto';
import { copyFile, link, lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../disk/sync-folder.ts';
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
/** A link to a tree, before it takes the place of the folder. */
const NEXT = 'next-';
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
  await finishPublication(folder);
  const before = await currentTree(folder);
  const name = `${String(serialOf(before) + 1).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
  const tree = join(trees, name);
  await mkdir(tree);
  if (before !== undefined) await linkAll(folder, tree, (file) => !files.has(file) && !drops(file));
  await writeAll(tree, files);
  await syncFolder(tree);
  await syncFolder(trees);
  await pointTo(folder, join(basename(trees), name));
  // It is out: what cannot be removed now is removed after the next one.
  await removeOthers(trees, new Set([name, before ?? name])).catch(() => undefined);
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

/** Files only: whoever made the folder by hand may have put more into it. */
async function linkAll(from: string, to: string, wanted: (name: string) => boolean): Promise<void> {
  const files = (await readdir(from, { withFileTypes: true })).filter((entry) => entry.isFile() && wanted(entry.name));
  await inBatches(files, ({ name }) => linkOrCopy(join(from, name), join(to, name)));
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

/** The publication itself: a rename over the link. A folder that somebody made by hand is set aside first: see `finishPublication`. */
async function pointTo(folder: string, tree: string): Promise<void> {
  const next = `${treesOf(folder)}/${NEXT}${basename(tree)}`;
  await symlink(tree, next);
  if (await isFolder(folder)) await rename(folder, `${treesOf(folder)}/replaced-${randomBytes(4).toString('hex')}`);
  await renameUnlessDone(next, folder);
  await syncFolder(dirname(folder));
}

/** Whoever looks meanwhile may have finished it. */
async function renameUnlessDone(next: string, folder: string): Promise<void> {
  try {
    await rename(next, folder);
  } catch (error) {
    const tree = await readlink(folder).catch(() => undefined);
    if (tree === undefined || basename(tree) !== basename(next).slice(NEXT.length)) throw error;
  }
}

/**
 * No rename puts a link in the place of a folder, so that takes two, and a crash between them leaves nothing there. The tree was whole
 * before: whoever comes next goes on with it. Else an owner's repository would seem not to have been made yet.
 */
export async function finishPublication(folder: string): Promise<void> {
  if (await isThere(folder)) return;
  const left = (await readdir(treesOf(folder)).catch(() => [])).filter((name) => name.startsWith(NEXT));
  const newest = left.sort().at(-1);
  if (newest !== undefined) await renameUnlessDone(join(treesOf(folder), newest), folder);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
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
    const old = (TREE.test(name) && !keep.has(name)) || name.startsWith(NEXT);
    if (old) await rm(join(trees, name), { recursive: true, force: true });
  }
}
