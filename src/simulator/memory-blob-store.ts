import type { BlobReader, BlobStore, BlobWriter } from '../cache/blob-store.ts';
import { type CacheLimits, Room } from '../cache/eviction.ts';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { MemoryLru } from './memory-lru.ts';

/** What a disk does to us. Each may throw, or wait; bytes are those already in the blob. */
export interface DiskFaults {
  create?: () => void | Promise<void>;
  write?: (offset: number, length: number) => void | Promise<void>;
  read?: (offset: number) => void | Promise<void>;
  commit?: () => void | Promise<void>;
}

export interface MemoryOptions {
  /** Epoch milliseconds: when a blob counts as verified. */
  readonly now?: () => number;
  /** Of these, what eviction spares while anything else is left. */
  readonly pinned?: (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>;
}

/** A blob store in memory, for tests and the demo; `faults` can be set and taken away while it runs. */
export class MemoryBlobStore implements BlobStore {
  faults: DiskFaults = {};
  /** Temporary blobs neither committed nor aborted. */
  openWriters = 0;
  /** Blobs whose file is not the one that was verified, until vouched for. */
  readonly changed = new Set<Digest>();
  /** What was taken out of service. */
  readonly quarantined: Digest[] = [];
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #verifiedAt = new Map<Digest, number>();
  readonly #index = new MemoryLru();
  readonly #open = new Map<Digest, number>();
  readonly #room: Room;
  readonly #now: () => number;
  readonly #pinned: MemoryOptions['pinned'];

  constructor(limits: CacheLimits = { maxBytes: 2 ** 30, lowWaterBytes: 2 ** 29 }, options: MemoryOptions = {}) {
    this.#room = new Room(limits);
    this.#now = options.now ?? (() => 0);
    this.#pinned = options.pinned;
  }

  get usedBytes(): number {
    return this.#index.usedBytes;
  }

  stat(digest: Digest): Promise<number | undefined> {
    this.#index.use(digest);
    return Promise.resolve(this.#index.sizeOf(digest));
  }

  open(digest: Digest, purpose: 'serve' | 'check' = 'serve'): Promise<BlobReader | undefined> {
    const bytes = this.#blobs.get(digest);
    if (purpose === 'serve') this.#index.use(digest);
    return Promise.resolve(bytes === undefined ? undefined : new MemoryReader(this, () => [bytes], digest));
  }

  async create(digest: Digest, size: number): Promise<BlobWriter | undefined> {
    await this.faults.create?.();
    if (!this.#room.promise(size)) return undefined;
    this.openWriters += 1;
    return new MemoryWriter(this, size, (kept, grown) => {
      this.openWriters -= 1;
      this.#room.release(size, grown);
      if (kept !== undefined) this.put(digest, kept);
    });
  }

  /** Before `bytes` more of a temporary blob are written. @throws cache.failed */
  async makeRoom(bytes: number): Promise<void> {
    this.#room.grow(bytes);
    if (this.#room.lacking(this.usedBytes) <= 0) return;
    const evictable = this.#index.entries().map(({ digest }) => digest);
    const pinned = (await this.#pinned?.(evictable)) ?? new Set<Digest>();
    this.#evict(
      evictable.filter((digest) => !pinned.has(digest)),
      () => this.#room.aboveLowWater(this.usedBytes) > 0,
    );
    this.#evict(evictable, () => this.#room.lacking(this.usedBytes) > 0);
    if (this.#room.lacking(this.usedBytes) > 0)
      throw new TufgateError('cache.failed', 'the cache is full of blobs that are being read');
  }

  #evict(evictable: readonly Digest[], full: () => boolean): void {
    for (const digest of evictable) {
      if (!full()) return;
      if (!this.#open.has(digest)) this.#drop(digest);
    }
  }

  #drop(digest: Digest): void {
    this.#blobs.delete(digest);
    this.#index.remove(digest);
  }

  /** An open blob is not evicted. */
  lease(digest: Digest, count: 1 | -1): void {
    const open = (this.#open.get(digest) ?? 0) + count;
    if (open === 0) this.#open.delete(digest);
    else this.#open.set(digest, open);
  }

  /** Straight into the store, unverified. */
  put(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
    this.#index.add(digest, bytes.length);
    this.#verifiedAt.set(digest, this.#now());
  }

  vouch(digest: Digest): void {
    this.changed.delete(digest);
    this.#verifiedAt.set(digest, this.#now());
  }

  leastRecentlyVerified(before: number, most: number): Promise<readonly { digest: Digest; size: number }[]> {
    const at = (digest: Digest): number => (this.changed.has(digest) ? 0 : (this.#verifiedAt.get(digest) ?? 0));
    const due = this.#index.entries().filter(({ digest }) => at(digest) < before);
    return Promise.resolve(due.sort((a, b) => at(a.digest) - at(b.digest)).slice(0, most));
  }

  quarantine(digest: Digest, seen?: BlobReader): Promise<void> {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined || (seen instanceof MemoryReader && !seen.reads(bytes))) return Promise.resolve();
    this.quarantined.push(digest);
    return this.delete(digest);
  }

  delete(digest: Digest): Promise<void> {
    this.#drop(digest);
    return Promise.resolve();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other stores have to ask
  async *list(): AsyncGenerator<{ digest: Digest; size: number }, void, undefined> {
    yield* this.#index.entries();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryReader implements BlobReader {
  readonly #store: MemoryBlobStore;
  readonly #chunks: () => readonly Uint8Array[];
  readonly #digest: Digest | undefined;
  #closed = false;

  /** @param digest of a blob that is kept; a temporary one has none yet */
  constructor(store: MemoryBlobStore, chunks: () => readonly Uint8Array[], digest?: Digest) {
    this.#store = store;
    this.#chunks = chunks;
    this.#digest = digest;
    if (digest !== undefined) store.lease(digest, 1);
  }

  reads(bytes: Uint8Array): boolean {
    return this.#chunks()[0] === bytes;
  }

  get unchanged(): boolean {
    return this.#digest === undefined || !this.#store.changed.has(this.#digest);
  }

  vouch(): Promise<void> {
    if (this.#digest !== undefined) this.#store.vouch(this.#digest);
    return Promise.resolve();
  }

  get size(): number {
    return this.#chunks().reduce((sum, chunk) => sum + chunk.length, 0);
  }

  async read(into: Buffer, position: number): Promise<number> {
    await this.#store.faults.read?.(position);
    let start = 0;
    for (const chunk of this.#chunks()) {
      if (position < start + chunk.length) {
        const piece = chunk.subarray(position - start, position - start + into.length);
        into.set(piece);
        return piece.length;
      }
      start += chunk.length;
    }
    return 0;
  }

  close(): Promise<void> {
    if (!this.#closed && this.#digest !== undefined) this.#store.lease(this.#digest, -1);
    this.#closed = true;
    return Promise.resolve();
  }
}

class MemoryWriter implements BlobWriter {
  readonly #store: MemoryBlobStore;
  readonly #size: number;
  readonly #ended: (kept: Uint8Array | undefined, grown: number) => void;
  readonly #chunks: Uint8Array[] = [];
  #grown = 0;
  #written = 0;
  #open = true;

  constructor(store: MemoryBlobStore, size: number, ended: (kept: Uint8Array | undefined, grown: number) => void) {
    this.#store = store;
    this.#size = size;
    this.#ended = ended;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#open) throw new TufgateError('cache.failed', 'the temporary blob is gone already');
    this.#grown += chunk.length;
    await this.#store.makeRoom(chunk.length);
    await this.#store.faults.write?.(this.#written, chunk.length);
    this.#chunks.push(Buffer.from(chunk));
    this.#written += chunk.length;
  }

  reader(): Promise<BlobReader> {
    return Promise.resolve(new MemoryReader(this.#store, () => this.#chunks));
  }

  async commit(): Promise<void> {
    try {
      await this.#store.faults.commit?.();
      if (!this.#open || this.#written !== this.#size) {
        throw new TufgateError('cache.failed', `a blob of ${this.#size} bytes was given ${this.#written}`);
      }
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#end(Buffer.concat(this.#chunks));
  }

  abort(): Promise<void> {
    this.#end(undefined);
    return Promise.resolve();
  }

  #end(kept: Uint8Array | undefined): void {
    if (this.#open) this.#ended(kept, this.#grown);
    this.#open = false;
  }
}
