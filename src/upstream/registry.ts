import type { Descriptor } from '../oci/descriptors.ts';
import type { Digest } from '../oci/digest.ts';

/** What tufgate asks of an upstream registry. Paths are repository paths below the registry: `library/nginx`. */
export interface UpstreamRegistry {
  readonly name: string;
  /**
   * By digest, or by tag where a rule allows unsigned content. The bytes are not verified here.
   * @throws upstream.*; upstream.protocol when it is over `maxBytes`
   */
  manifest(
    path: string,
    reference: Digest | string,
    options: { maxBytes: number; signal?: AbortSignal },
  ): Promise<UpstreamManifest>;
  /** Is there such a tag? A HEAD request, which Docker Hub does not count. @throws upstream.not-found and the others */
  head(path: string, tag: string, signal?: AbortSignal): Promise<{ readonly digest?: Digest }>;
  /**
   * From byte `offset`. The body must be read to its end or destroyed.
   * @throws upstream.*; upstream.protocol when the answer does not start at `offset`
   */
  blob(path: string, digest: Digest, options: { offset: number; signal?: AbortSignal }): Promise<UpstreamBlob>;
  /** All tags, at most `max`, sorted as upstream sorts them. */
  tags(path: string, max: number): Promise<readonly string[]>;
  /**
   * What says of itself that it refers to this manifest: signatures, SBOMs, provenance (distribution-spec "Listing
   * Referrers"). A registry may hide some, and nothing of it is verified.
   * @throws upstream.*: `upstream.not-found` where the registry does not have this API, or not this repository
   */
  referrers(path: string, digest: Digest, options: { max: number; signal?: AbortSignal }): Promise<UpstreamReferrers>;
  close(): Promise<void>;
}

export interface UpstreamManifest {
  readonly bytes: Uint8Array;
  /** Without parameters, lower case. */
  readonly contentType?: string;
}

export interface UpstreamReferrers {
  readonly referrers: readonly Descriptor[];
  /** false: there are more than `max`, or some could not be read. */
  readonly complete: boolean;
}

/**
 * A body on its way, read like a file: whoever reads brings the memory, and while nobody reads no more is taken from the
 * connection than is in hand. One reader at a time.
 *
 * Rejected: a stream. A buffer, an event and a promise for each piece of 64 KiB cost more than the bytes do.
 */
export interface Incoming {
  /**
   * Fills `into` from its start. Resolves when it is full, when `enough` says so (asked each time that bytes have come; true
   * unless given), or when there will be no more.
   * @returns bytes; 0 at the end
   */
  read(into: Uint8Array, enough?: () => boolean): Promise<number>;
  /** Ends it, and the connection unless all has come. @param why what who reads is told */
  destroy(why?: Error): void;
}

export interface UpstreamBlob {
  readonly body: Incoming;
  /** Content-Length of this answer, when given. */
  readonly length?: number;
  /** Bytes of the whole blob, where a part of it says so (Content-Range). */
  readonly total?: number;
}
