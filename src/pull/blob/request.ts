import type { Writable } from 'node:stream';
import type { BlobStore } from '../../cache/blob-store.ts';
import type { Reason, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { UpstreamBlob } from '../../upstream/registry.ts';
import type { Hashing } from '../../verify/hashing.ts';
import type { ReadBuffers } from './read-buffers.ts';
import type { StuckCopies } from './stuck-copies.ts';

/** What is wanted. Digest and size come from a verified manifest, never from the upstream. */
export interface BlobRequest {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /**
   * Where `fetch` leads, such as `docker.io/library/nginx`. A failure or standstill of one origin is not held against
   * another that names the same digest.
   */
  readonly origin?: string;
  /** The upstream's `blob`, bound to path and digest. @throws upstream.* */
  readonly fetch: (offset: number, signal: AbortSignal) => Promise<UpstreamBlob>;
}

/** First and last byte, both included, as in HTTP. `end` is `start - 1` for the whole of an empty blob. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A blob that can be sent. Whoever got it calls `close`. */
export interface BlobReading {
  readonly size: number;
  /** It was in the cache: no upstream was asked. */
  readonly warm: boolean;
  /** It is a file of the cache, and nothing of it is left to verify: whoever opens that file may have it. */
  readonly isVerifiedFile: boolean;
  /**
   * Writes the range to `to` as fast as `to` takes it, its last bytes only after the whole blob was verified. Does not
   * end `to`. Resolves when all was written, and quietly when `signal` fires or `to` closes.
   * @throws integrity.*, upstream.*, cache.failed: destroy the connection, the answer must not look complete
   */
  copyTo(to: Writable, range: ByteRange, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** An upstream delivered something else than its digest and size promise. */
export interface IntegrityEvent {
  readonly digest: Digest;
  readonly size: number;
  readonly origin: string;
  readonly reason: Reason;
  readonly message: string;
}

/** A cached blob is not what its name says. */
export interface DamageEvent {
  readonly digest: Digest;
  readonly size: number;
  /** Of the pull that met it; absent when nobody asked. */
  readonly origin?: string;
  readonly message: string;
}

/** Which cached blobs are hashed again when they are read: all; those whose file is not the one that was verified; none. */
export type VerifyReads = 'always' | 'changed' | 'never';

/** An upstream was asked for a blob; `offset` is above 0 when a broken download goes on. */
export interface FetchEvent {
  readonly digest: Digest;
  readonly origin: string;
  readonly offset: number;
}

export interface FlightLog {
  warn(detail: object, message: string): void;
}

export interface Sizes {
  /** Kept back of every answer until the verdict. */
  readonly tailBytes: number;
  /** Each of the two buffers of a fetch, or of a read that is hashed, as long as few need them; then a quarter of it. */
  readonly spoolBytes: number;
  /** Each of a reader's two read buffers, as long as few read; then a quarter of it. */
  readonly readBytes: number;
  /** A smaller blob is fetched to its end even when nobody waits for it any more. */
  readonly smallBytes: number;
  /** A smaller cached blob that is to be hashed is read whole first: who asks for it never meets a bad one. */
  readonly heldBytes: number;
  /** Of all such blobs that are being sent; what would be more is sent while it is hashed, like a larger one. */
  readonly allHeldBytes: number;
}

/** What the parts of a fetch share. */
export interface FlightParts {
  readonly store: BlobStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Waits so many milliseconds before a broken download goes on. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly sizes: Sizes;
  readonly buffers: ReadBuffers;
  /** For what is hashed on its way: never thrown away, only lent again. */
  readonly shared: ReadBuffers;
  readonly hashing: Hashing;
  /** Share of a blob: once more was fetched, the rest is worth having although nobody waits. */
  readonly worthFinishing: number;
  /** Aborted when everything stops. */
  readonly live: Set<AbortController>;
  readonly fetching: (event: FetchEvent) => void;
  /** Told once a download that failed. */
  readonly failed: (request: BlobRequest, error: unknown) => void;
  /** Told once a cached blob that was found damaged. */
  readonly damaged: (event: DamageEvent) => void;
  readonly log: FlightLog;
  /** Damaged copies that are misses where they lie. */
  readonly stuck: StuckCopies;
}

/** One fetch, one verdict: who agrees on these three shares both. */
export function keyOf(request: BlobRequest): string {
  return `${request.digest} ${request.size} ${originOf(request)}`;
}

export function originOf(request: BlobRequest): string {
  return request.origin ?? '';
}

export function isIntegrity(error: TufgateError): boolean {
  return error.code === 'integrity.digest' || error.code === 'integrity.length';
}
