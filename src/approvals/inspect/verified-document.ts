import type { Digest } from '../../oci/digest.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import type { UpstreamRegistry } from '../../upstream/registry.ts';
import { verifyBytes } from '../../verify/verify-bytes.ts';

/** Where an image is looked at, and how patiently. */
export interface Lookup {
  readonly upstream: UpstreamRegistry;
  /** `library/nginx` */
  readonly path: string;
  readonly maxManifestBytes: number;
  /** For a whole configuration, milliseconds; a minute when absent. */
  readonly blobMs?: number;
  readonly signal?: AbortSignal;
}

/** A manifest by digest, its bytes verified, read strictly. */
export interface Document extends Manifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** @param size when the manifest above says it. @throws upstream.* · integrity.* */
export async function verifiedDocument(
  { upstream, path, maxManifestBytes: maxBytes, signal }: Lookup,
  digest: Digest,
  size?: number,
): Promise<Document> {
  const { bytes, contentType } = await upstream.manifest(path, digest, { maxBytes, ...(signal && { signal }) });
  verifyBytes(digest, size, bytes);
  return { ...parseManifest(bytes, contentType), digest, bytes };
}
