import { randomUUID } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TufgateError } from '../../errors.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import { type CacheLimits, Room } from '../eviction.ts';
import type { BlobRow, Place } from '../index/blob-table.ts';
import { CacheIndex } from '../index/cache-index.ts';
import type { IndexUser } from '../index/open-index.ts';
import { sameFile, type Stamp, stampOf } from '../index/stamp.ts';
import { Leases, Leaving } from './busy-names.ts';
import { Evictor, type Pinned } from './evictor.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { blobPath, findLayout, type Layout, prepareLayout } from './layout.ts';
import { Quarantine, type Quarantined } from './quarantine.ts';
import { type Reconciled, Reconciler } from './reconciler.ts';
import { RoomMaker } from './room-maker.ts';
import { failing, FsBlobReader, SharedFile, type Standing } from './shared-file.ts';
import { later, type Schedule, UseNotes } from './use-notes.ts';

export interface FsBlobStoreOptions extends CacheLimits {
  /** The cache's own folder, `<data>/cache`; created when missing. One serving process at a time. */
  readonly directory: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of these, what eviction spares while anything else is left; nothing when absent. */
  readonly pinned?: Pinned;
  /** Words for the operator: the index was started over, or cannot be kept. */
  readonly onTrouble?: (message: string) => void;
  /** A blob that was set apart, because its file has another length than was committed. */
  readonly onDamage?: (digest: Digest) => void;
  /** Timers of what is written down in the background. */
  readonly schedule?: Schedule;
}

export interface CacheUsage {
  readonly blobs: number;
  /** Bytes that can be read, as `du --apparent-size` counts them; the limits are about these. */
  readonly bytes: number;
  /** Bytes of disk that they take, as `du` counts them. */
  readonly allocated: number;
  /** Bytes of blobs that are being written. */
  readonly temporaryBytes: number;
  readonly quarantined: Quarantined;
  /** Since the start. */
  readonly evicted: { readonly blobs: number; readonly bytes: number };
}

/**
 * Blobs as files named by their digest, and an index beside them of what the disk told of each when it was verified. What is there is
 * known from the index, so a start costs nothing that grows with the cache, and a miss no disk access.
 *
 * Files and rows may part: by a crash, or by hand. A file without a row is found in the background, or when somebody asks for it before that; nobody has
 * hashed it then as far as is known, so its reader is not `unchanged`. A row without a file is dropped when it is met.
 * @throws cache.newer-version, startup.directory
 */
export async function openFsBlobStore(options: FsBlobStoreOptions): Promise<FsBlobStore> {
  const layout = await prepareLayout(options.directory);
  const store = new FsBlobStore(layout, options, 'serve');
  store.start();
  return store;
}

/**
 * For a command, beside a server or without one. It makes no folder, takes no temporary file away, and looks for no strange files.
 * @param alone no server runs: a damaged index may be started over
 * @throws cache.newer-version, cache.failed, upstream.not-found when there is no cache
 */
export async function openCacheForCommand(options: FsBlobStoreOptions, alone: boolean): Promise<FsBlobStore> {
  const layout = await findLayout(options.directory);
  return new FsBlobStore(layout, options, alone ? 'command-alone' : 'command');
}

export class FsBlobStore implements BlobStore {
  readonly #layout: Layout;
  readonly #index: CacheIndex;
  readonly #now: () => number;
  readonly #room: Room;
  readonly #uses: UseNotes;
  readonly #leases = new Leases();
  readonly #leaving = new Leaving();
  readonly #evictor: Evictor;
  readonly #roomMaker: RoomMaker;
  readonly #quarantine: Quarantine;
  readonly #reconciler: Reconciler;
  readonly #onTrouble: (message: string) => void;
  readonly #onDamage: (digest: Digest) => void;
  readonly #opened = new WeakMap<BlobReader, Stamp>();
  #reconciling: Promise<unknown> | undefined;

  constructor(layout: Layout, options: FsBlobStoreOptions, user: IndexUser) {
    this.#layout = layout;
    this.#now = options.now;
    this.#room = new Room(options);
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#onDamage = options.onDamage ?? (() => undefined);
    const onLost = (): void => this.start();
    this.#index = new CacheIndex({ file: layout.index, user, onTrouble: this.#onTrouble, onLost });
    this.#uses = new UseNotes(this.#index, options.now, options.schedule ?? later);
    this.#evictor = new Evictor({
      index: this.#index,
      leases: this.#leases,
      pinned: options.pinned ?? (() => Promise.resolve(new Set<Digest>())),
      now: options.now,
      noteUses: () => this.#uses.flush(),
      remove: (digest) => this.#remove(digest),
    });
    this.#roomMaker = new RoomMaker(this.#room, this.#index, this.#evictor);
    this.#quarantine = new Quarantine(layout.quarantine, options.now);
    this.#reconciler = new Reconciler({ layout, index: this.#index, leaving: this.#leaving });
  }

  get usedBytes(): number {
    return this.#index.totals.bytes;
  }

  usage(): CacheUsage {
    const { evicted } = this.#evictor;
    const temporaryBytes = this.#room.growing;
    return { ...this.#index.totals, temporaryBytes, quarantined: this.#quarantine.held, evicted };
  }

  async stat(digest: Digest): Promise<number | undefined> {
    const size = await this.#sizeOf(digest);
    if (size !== undefined) this.#uses.note(digest);
    return size;
  }

  async open(digest: Digest, purpose: 'serve' | 'check' = 'serve'): Promise<BlobReader | undefined> {
    if ((await this.#sizeOf(digest)) === undefined) return undefined;
    const giveBack = this.#leases.take(digest);
    try {
      const reader = await this.#openKept(digest, giveBack);
      if (reader !== undefined && purpose === 'serve') this.#uses.note(digest);
      if (reader === undefined) giveBack();
      return reader;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async create(digest: Digest, size: number): Promise<BlobWriter | undefined> {
    const path = blobPath(this.#layout, digest);
    if (!this.#room.promise(size)) return undefined;
    const temporary = join(this.#layout.temporary, randomUUID());
    try {
      const file = await failing('create a file', () => SharedFile.create(temporary));
      return new FsBlobWriter(file, {
        temporary,
        path,
        size,
        makeRoom: (bytes) => this.#roomMaker.grow(bytes),
        free: () => this.#leaving.over(digest),
        keep: (stamp, grown) => this.#keep(digest, stamp, grown),
        gone: (grown) => this.#room.release(size, grown),
      });
    } catch (error) {
      this.#room.release(size, 0);
      throw error;
    }
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

  leastRecentlyVerified(before: number, most: number): Promise<readonly BlobRow[]> {
    return Promise.resolve(this.#index.read((table) => table.leastRecentlyVerified(before, most), []));
  }

  /** The last used first, a page at a time. */
  mostRecentlyUsed(before: Place | undefined, most: number): readonly BlobRow[] {
    const place = before ?? { usedAt: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER };
    return this.#index.read((table) => table.mostRecentlyUsed(place, most), []);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other stores have to ask
  async *list(): AsyncGenerator<BlobRow, void, undefined> {
    const page = (after: string): readonly BlobRow[] =>
      this.#index.read((table) => table.beginningWith('sha', after, PAGE), []);
    for (let rows = page(''); rows.length > 0; rows = page(rows.at(-1)?.digest ?? '~')) yield* rows;
  }

  /** Down to so many bytes, pinned ones included when nothing else is left. @throws cache.failed */
  async evictTo(bytes: number, mode: 'sparing' | 'insisting', progress?: () => void): Promise<void> {
    const left = (): number => this.usedBytes - bytes;
    const needed = mode === 'insisting' ? left : () => 0;
    await this.#evictor.evict({ needed, wanted: left }, progress);
  }

  /** @param most files that may stay in quarantine @returns how many went */
  async pruneQuarantine(most?: number): Promise<number> {
    return await this.#quarantine.prune(most);
  }

  /** Only while no server runs: what it is writing would go too. @returns how many files went */
  async sweepTemporary(): Promise<number> {
    const names = await readdir(this.#layout.temporary).catch(() => []);
    for (const name of names) await rm(join(this.#layout.temporary, name), { force: true, recursive: true });
    return names.length;
  }

  /** Brings rows and files together, to the end. @throws cache.failed, or as the file system says */
  reconcile(): Promise<Reconciled> {
    return this.#reconciler.run();
  }

  /** The same in the background, with what else is to be known of the folder. */
  start(): void {
    const work = (this.#reconciling ?? Promise.resolve()).then(async () => {
      await this.#quarantine.prune();
      await this.reconcile();
    });
    const done = work
      .catch((error: unknown) => this.#onTrouble(`what is cached could not be looked through: ${messageOf(error)}`))
      .finally(() => {
        if (this.#reconciling === done) this.#reconciling = undefined;
      });
    this.#reconciling = done;
  }

  /** Resolves when nothing goes on in the background. */
  async settled(): Promise<void> {
    while (this.#reconciling !== undefined) await this.#reconciling;
    await this.#roomMaker.idle();
    await this.#uses.flush();
  }

  async close(): Promise<void> {
    this.#reconciler.stop();
    this.#evictor.stop();
    await this.settled();
    this.#index.close();
  }

  /** While files are still being looked for, one that is asked for is looked for at once. */
  async #sizeOf(digest: Digest): Promise<number | undefined> {
    const size = this.#index.read((table) => table.sizeOf(digest), undefined);
    if (size !== undefined || this.#reconciling === undefined || !isDigest(digest)) return size;
    await this.#reconciler.adopt(digest).catch(() => undefined);
    return this.#index.read((table) => table.sizeOf(digest), undefined);
  }

  /** @param giveBack the lease, once it is closed */
  async #openKept(digest: Digest, giveBack: () => void): Promise<BlobReader | undefined> {
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

  async #keep(digest: Digest, stamp: Stamp, grown: number): Promise<void> {
    const at = this.#now();
    await this.#index.write('enter a blob', (table) => {
      table.keep({ digest, stamp, usedAt: this.#uses.tick() }, at);
      // In the same moment: bytes that counted twice would evict others.
      this.#room.release(stamp.size, grown);
    });
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

  async #remove(digest: Digest): Promise<void> {
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

const PAGE = 256;
