import type { Readable } from 'node:stream';
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

export interface UpstreamBlob {
  readonly body: Readable;
  /** Content-Length of this answer, when given. */
  readonly length?: number;
  /** Bytes of the whole blob, where a part of it says so (Content-Range). */
  readonly total?: number;
}
