import { dirname, join } from 'node:path';
import { codeOf } from '../errors.ts';
import { type ArchiveFolder, lookInto } from './archive-folder.ts';
import { CAPTURE, type Capture, writeCapture } from './capture-file.ts';
import { baseOf, type CollectionFolder, folderName } from './collection-folder.ts';
import { type Disk, realDisk } from './disk.ts';
import { INDEX, type IndexEntry, indexLine } from './index-file.ts';
import { type Standing, standings } from './standing.ts';
import { hexOf, loadCapture, type StoredCapture } from './stored-capture.ts';

/**
 * An archive that is written to, by one process at a time.
 *
 * A capture is complete once its capture.json is there: it is written last, under another name, and renamed when all
 * before it is on the disk. Its line in the index comes after that. Killed at any instant, an archive therefore has either
 * a folder without capture.json, which is removed and made anew, or a complete capture without its line, which gets one.
 */
export class Archive {
  private readonly path: string;
  private readonly disk: Disk;
  private readonly standing: Map<string, Standing>;
  /** By base, the newest generation that is complete; those above it were never finished. */
  private readonly newest: Map<string, CollectionFolder>;
  private readonly unfinished: readonly CollectionFolder[];
  /** Lines are appended one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, disk: Disk, { lines, folders, complete }: ArchiveFolder) {
    const done = new Set(complete.map(folderName));
    this.path = path;
    this.disk = disk;
    this.standing = byBase(standings(lines, complete));
    this.newest = newestOf(complete);
    this.unfinished = folders.filter((folder) => !done.has(folderName(folder)));
  }

  /** Makes the folder, and mends the end of the index. @throws archive.damaged · the error of the system */
  static async open(path: string, disk: Disk = realDisk): Promise<Archive> {
    await disk.makeFolder(path);
    const found = await lookInto(path);
    const whole = Buffer.from(found.index).lastIndexOf('\n') + 1;
    if (whole < found.index.length) await disk.truncate(join(path, INDEX), whole);
    return new Archive(path, disk, found);
  }

  /**
   * The newest capture of a collection, when it is complete and none of its bytes has changed. One without its line in
   * the index gets it now: a crash came between.
   */
  async find(gun: string): Promise<StoredCapture | undefined> {
    const base = baseOf(gun);
    const newest = this.newest.get(base);
    const standing = this.standing.get(base);
    if (newest === undefined || standing === undefined || standing.kind === 'damaged') return undefined;
    const sha256 = standing.kind === 'entry' ? standing.entry.sha256 : undefined;
    try {
      const found = await loadCapture(this.path, newest, sha256);
      if (sha256 === undefined) await this.list({ ...newest, gun, sha256: found.sha256 });
      return found;
    } catch (error) {
      if (codeOf(error) === 'archive.damaged') return undefined;
      throw error;
    }
  }

  /** Stores a capture next to those before it, which stay: approvals may cite them. */
  async add(capture: Capture, files: ReadonlyMap<string, Uint8Array>): Promise<IndexEntry> {
    const folder = await this.freeFolder(baseOf(capture.gun));
    const path = join(this.path, folderName(folder));
    await this.writeFiles(path, files);
    const bytes = writeCapture(capture);
    await this.disk.write(join(path, `${CAPTURE}.part`), bytes);
    await this.disk.rename(join(path, `${CAPTURE}.part`), join(path, CAPTURE));
    const entry = { ...folder, gun: capture.gun, sha256: hexOf(bytes) };
    await this.list(entry);
    return entry;
  }

  /** What was begun and never finished is removed. */
  private async freeFolder(base: string): Promise<CollectionFolder> {
    for (const folder of this.unfinished)
      if (folder.base === base) await this.disk.remove(join(this.path, folderName(folder)));
    return { base, generation: (this.newest.get(base)?.generation ?? 0) + 1 };
  }

  private async writeFiles(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const folders = new Set([path, ...[...files.keys()].map((name) => dirname(join(path, name)))]);
    for (const folder of folders) await this.disk.makeFolder(folder);
    for (const [name, bytes] of files) await this.disk.write(join(path, name), bytes);
    // Those in between too: a role `targets/a/b` lies two folders down, and each folder's name is in the one above it.
    const all = new Set([...folders].flatMap((folder) => upTo(folder, this.path)));
    for (const folder of all) await this.disk.syncFolder(folder);
  }

  private async list(entry: IndexEntry): Promise<void> {
    const mine = this.last.then(() => this.disk.append(join(this.path, INDEX), indexLine(entry)));
    this.last = mine.catch(() => undefined);
    await mine;
    this.standing.set(entry.base, { kind: 'entry', entry });
    this.newest.set(entry.base, entry);
  }
}

function byBase(all: readonly Standing[]): Map<string, Standing> {
  return new Map(
    all.flatMap((each) => {
      const base = each.kind === 'entry' ? each.entry.base : each.base;
      return base === undefined ? [] : [[base, each] as const];
    }),
  );
}

function newestOf(complete: readonly CollectionFolder[]): Map<string, CollectionFolder> {
  const newest = new Map<string, CollectionFolder>();
  for (const folder of complete)
    if (folder.generation > (newest.get(folder.base)?.generation ?? 0)) newest.set(folder.base, folder);
  return newest;
}

/** The folder, and those above it up to and with the last. */
function upTo(folder: string, last: string): readonly string[] {
  const above: string[] = [];
  for (let at = folder; at.length >= last.length; at = dirname(at)) above.push(at);
  return above;
}
