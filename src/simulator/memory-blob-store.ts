import type { BlobReader, BlobStore, BlobWriter } from '../cache/blob-store.ts';
import { BlobIndex, type CacheLimits } from '../cache/eviction.ts';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';

/** What a disk does to us. Each may throw, or wait; bytes are those already in the blob. */
export interface DiskFaults {
  create?: () => void | Promise<void>;
  write?: (offset: number, length: number) => void | Promise<void>;
  read?: (offset: number) => void | Promise<void>;
  commit?: () => void | Promise<void>;
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
  readonly #index: BlobIndex;
  readonly #now: () => number;

  /** @param now epoch milliseconds: when a blob counts as verified */
  constructor(limits: CacheLimits = { maxBytes: 2 ** 30, lowWaterBytes: 2 ** 29 }, now: () => number = () => 0) {
    this.#index = new BlobIndex(limits);
    this.#now = now;
  }

  get usedBytes(): number {
    return this.#index.usedBytes;
  }

  stat(digest: Digest): Promise<number | undefined> {
    this.#index.use(digest, 0, 1);
    return Promise.resolve(this.#index.sizeOf(digest));
  }

  open(digest: Digest, purpose: 'serve' | 'check' = 'serve'): Promise<BlobReader | undefined> {
    const bytes = this.#blobs.get(digest);
    if (purpose === 'serve') this.#index.use(digest, 0, 1);
    return Promise.resolve(bytes === undefined ? undefined : new MemoryReader(this, () => [bytes], digest));
  }

  async create(digest: Digest, size: number): Promise<BlobWriter | undefined> {
    await this.faults.create?.();
    if (!this.#index.promise(size)) return undefined;
    this.openWriters += 1;
    return new MemoryWriter(this, size, (kept, grown) => {
      this.openWriters -= 1;
      this.#index.release(size, grown);
      if (kept !== undefined) this.put(digest, kept);
    });
  }

  /** Before `bytes` more of a temporary blob are written. */
  makeRoom(bytes: number): void {
    for (const victim of this.#index.grow(bytes)) this.#blobs.delete(victim);
  }

  /** Straight into the store, unverified. */
  put(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
    this.#index.add(digest, bytes.length, 0);
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

  quarantine(digest: Digest): Promise<void> {
    this.quarantined.push(digest);
    return this.delete(digest);
  }

  delete(digest: Digest): Promise<void> {
    this.#blobs.delete(digest);
    this.#index.remove(digest);
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

  /** @param digest of a blob that is kept; a temporary one has none yet */
  constructor(store: MemoryBlobStore, chunks: () => readonly Uint8Array[], digest?: Digest) {
    this.#store = store;
    this.#chunks = chunks;
    this.#digest = digest;
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
    this.#store.makeRoom(chunk.length);
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
