import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';

/** A manifest whose bytes hash to its digest, read strictly. */
export interface VerifiedManifest extends Manifest {
  readonly digest: Digest;
  /** Exactly as received. */
  readonly bytes: Uint8Array;
}
