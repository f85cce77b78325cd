import { createHash } from 'node:crypto';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { wrongDigest, wrongLength } from './mismatch.ts';

/**
 * For content small enough to be held in memory: manifests.
 * @param length bytes the signed entry gives; undefined where only the digest is known
 * @throws integrity.length, integrity.digest
 */
export function verifyBytes(digest: Digest, length: number | undefined, bytes: Uint8Array): void {
  if (length !== undefined && bytes.length !== length) throw wrongLength(digest, length, bytes.length);
  const algorithm = algorithmOf(digest);
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (actual !== digest) throw wrongDigest(digest, actual);
}
