import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import { Room } from '../eviction.ts';
import type { BlobRow, Place } from '../index/blob-table.ts';
import { CacheIndex } from '../index/cache-index.ts';
import type { IndexUser } from '../index/open-index.ts';
import type { Stamp } from '../index/stamp.ts';
import { Leases, Leaving } from './busy-names.ts';
import { Evictor } from './evictor.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { KeptFiles } from './kept-files.ts';
import type { CacheUsage, FsBlobStoreOptions } from './options.ts';
import { blobPath, findLayout, type Layout, prepareLayout } from './layout.ts';
import { Quarantine } from './quarantine.ts';
import { type Reconciled, Reconciler } from './reconciler.ts';
import { RoomMaker } from './room-maker.ts';
import { failing, SharedFile } from './shared-file.ts';
import { later, UseNotes } from './use-notes.ts';

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
  readonly #files: KeptFiles;
  #reconciling: Promise<unknown> | undefined;

  constructor(layout: Layout, options: FsBlobStoreOptions, user: IndexUser) {
    this.#layout = layout;
    this.#now = options.now;
    this.#room = new Room(options);
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    const onLost = (): void => this.start();
    this.#index = new CacheIndex({ file: layout.index, user, onTrouble: this.#onTrouble, onLost });
    this.#uses = new UseNotes(this.#index, options.now, options.schedule ?? later);
    this.#evictor = new Evictor({
      index: this.#index,
      leases: this.#leases,
      pinned: options.pinned ?? (() => Promise.resolve(new Set<Digest>())),
      now: options.now,
      noteUses: () => this.#uses.flush(),
      remove: (digest) => this.#files.remove(digest),
    });
    this.#roomMaker = new RoomMaker(this.#room, this.#index, this.#evictor);
    this.#quarantine = new Quarantine(layout.quarantine, options.now);
    this.#files = new KeptFiles({
      layout,
      index: this.#index,
      leaving: this.#leaving,
      quarantine: this.#quarantine,
      now: options.now,
      onDamage: options.onDamage ?? (() => undefined),
    });
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
      const reader = await this.#files.open(digest, giveBack);
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

  delete(digest: Digest): Promise<void> {
    return this.#files.delete(digest);
  }

  quarantine(digest: Digest, seen?: BlobReader): Promise<void> {
    return this.#files.quarantine(digest, seen);
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

  async #keep(digest: Digest, stamp: Stamp, grown: number): Promise<void> {
    const at = this.#now();
    await this.#index.write('enter a blob', (table) => {
      table.keep({ digest, stamp, usedAt: this.#uses.tick() }, at);
      // In the same moment: bytes that counted twice would evict others.
      this.#room.release(stamp.size, grown);
    });
  }
}

const PAGE = 256;
