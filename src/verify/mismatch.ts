import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';

const NEXT = 'Nothing of it was kept. Pull again; if it stays so, the upstream holds a damaged or forged copy.';

export function wrongDigest(expected: Digest, actual: string): TufgateError {
  return new TufgateError(
    'integrity.digest',
    `the upstream answered ${expected} with bytes whose digest is ${actual}. ${NEXT}`,
    { detail: { digest: expected, actual } },
  );
}

/** @param atLeast bytes seen when it was noticed: for too long content that is before its end */
export function wrongLength(digest: Digest, expected: number, atLeast: number): TufgateError {
  const seen = atLeast > expected ? `${atLeast} bytes or more` : `${atLeast} bytes`;
  return new TufgateError(
    'integrity.length',
    `the upstream answered ${digest}, which has ${expected} bytes, with ${seen}. ${NEXT}`,
    { detail: { digest, expected, received: atLeast } },
  );
}

/** A file of the cache that has changed since it was verified, by a bad disk or by somebody. */
export function damagedCopy(expected: Digest, actual: string): TufgateError {
  return new TufgateError(
    'integrity.digest',
    `the cached copy of ${expected} is damaged: its digest is ${actual}. It was put aside, and whoever asks for it now gets ` +
      'a fresh one from the upstream. Look at the disk, and at who may write to the data folder.',
    { detail: { digest: expected, actual } },
  );
}
