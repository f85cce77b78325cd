import type { Digest } from '../oci/digest.ts';

/**
 * The blob store port: content by digest, immutable. It verifies nothing itself; only `verify/` calls `commit`, after
 * the digest and the length were right. Every implementation passes `test/contract/blob-store.ts`.
 */
export interface BlobStore {
  /** Size in bytes, or undefined when it is not there. A hit counts as use for eviction. */
  stat(digest: Digest): Promise<number | undefined>;
  /**
   * Undefined when it is not there. An open blob is not evicted; one that is deleted meanwhile can be read to its end.
   * @param purpose `check`: to be hashed only, which is no use for eviction
   */
  open(digest: Digest, purpose?: 'serve' | 'check'): Promise<BlobReader | undefined>;
  /**
   * A temporary blob: readable while it grows, gone unless committed.
   * @returns undefined when a blob of this size cannot be kept (larger than the cache): pass it on uncached
   * @throws cache.failed when the disk refuses (full, read only)
   */
  create(digest: Digest, size: number): Promise<BlobWriter | undefined>;
  delete(digest: Digest): Promise<void>;
  /**
   * Takes a damaged blob out of service; the file is kept apart for whoever wants to look at it.
   * @param seen who read the damage: what has come in place of that file meanwhile stays
   */
  quarantine(digest: Digest, seen?: BlobReader): Promise<void>;
  /**
   * What was hashed last before this instant (epoch milliseconds) or never, the longest ago first: for whoever hashes the whole
   * cache in small portions. Not a snapshot: ask again after each portion was vouched for or taken away.
   */
  leastRecentlyVerified(
    before: number,
    most: number,
  ): Promise<readonly { readonly digest: Digest; readonly size: number }[]>;
  list(): AsyncIterable<{ readonly digest: Digest; readonly size: number }>;
  /** Bytes kept, temporary blobs excluded. */
  readonly usedBytes: number;
  close(): Promise<void>;
}

export interface BlobReader {
  readonly size: number;
  /** False when the file is not, as far as the disk tells, the one that was verified: nobody gets it before it is hashed. */
  readonly unchanged: boolean;
  /** The whole file was hashed just now and is right: what the disk tells of it from now on counts as verified. */
  vouch(): Promise<void>;
  /** Fills `into` from `position`; returns the bytes read, 0 at the end. */
  read(into: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Reads what was written so far, independent of commit and abort until closed. */
  reader(): Promise<BlobReader>;
  /** fsync, rename into place, fsync of the folder. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}
