import { createHash } from 'node:crypto';
import type { TufgateError } from '../errors.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { wrongDigest, wrongLength } from './mismatch.ts';

/**
 * For content small enough to be held in memory: manifests.
 * @param length bytes the signed entry gives; undefined where only the digest is known
 * @param wrong what is said of other bytes: that the upstream sent them, unless given
 * @throws integrity.length, integrity.digest
 */
export function verifyBytes(
  digest: Digest,
  length: number | undefined,
  bytes: Uint8Array,
  wrong: (expected: Digest, actual: string) => TufgateError = wrongDigest,
): void {
  if (length !== undefined && bytes.length !== length) throw wrongLength(digest, length, bytes.length);
  const algorithm = algorithmOf(digest);
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (actual !== digest) throw wrong(digest, actual);
}
