import { type Digest, parseDigest } from '../../oci/digest.ts';

/** @param hex 64 lower-case digits, as the model has them */
export function sha256FromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}
