import type { BlobReader, BlobStore } from '../../cache/blob-store.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { BlobVerifier } from '../../verify/blob-verifier.ts';
import type { Hashing } from '../../verify/hashing.ts';
import { damagedCopy } from '../../verify/mismatch.ts';
import { verifyFile } from '../../verify/verify-file.ts';
import type { DamageEvent, FlightLog } from './request.ts';
import type { StuckCopies } from './stuck-copies.ts';

export interface CheckParts {
  readonly store: BlobStore;
  readonly hashing: Hashing;
  readonly damaged: (event: DamageEvent) => void;
  readonly log: FlightLog;
  /** Told of damaged copies that could not be put aside. */
  readonly stuck?: Pick<StuckCopies, 'remember'>;
}

export interface CachedBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Of the pull that asks. */
  readonly origin?: string;
}

/**
 * `stuck`: damaged, and still in its place. `gone`: there is no such file (any more). `unknown`: it could not be hashed to its end;
 * nothing is known of it.
 */
export type Finding = 'right' | 'damaged' | 'stuck' | 'gone' | 'unknown';

/**
 * Hashes a cached blob whole, and does what follows: what is right is vouched for, what is not is put aside and told.
 *
 * Guarantee: only a file whose every byte was read and hashed just now is vouched for.
 * @param pass called between blocks, with the bytes of the last one; what it throws ends the check as `unknown`
 */
export async function checkCached(
  parts: CheckParts,
  blob: CachedBlob,
  buffers: readonly [Buffer, Buffer],
  pass?: (bytes: number) => Promise<void> | void,
): Promise<Finding> {
  const { digest } = blob;
  try {
    const reader = await parts.store.open(digest, 'check');
    if (reader === undefined) return 'gone';
    try {
      return reader.size === blob.size ? await checkFile(parts, blob, reader, buffers, pass) : 'gone';
    } finally {
      await reader.close();
    }
  } catch (error) {
    const ours = codeOf(error) === 'cache.failed' || codeOf(error) === 'internal';
    if (ours) parts.log.warn({ digest, error: messageOf(error) }, 'a cached blob could not be checked');
    return 'unknown';
  }
}

/** What cannot be read is damaged too: bad sectors are what a check looks for. */
async function checkFile(
  parts: CheckParts,
  blob: CachedBlob,
  reader: BlobReader,
  buffers: readonly [Buffer, Buffer],
  pass?: (bytes: number) => Promise<void> | void,
): Promise<Finding> {
  const verifier = new BlobVerifier(blob.digest, blob.size, { hashing: parts.hashing, wrong: damagedCopy });
  try {
    await verifyFile(reader, verifier, buffers, pass);
  } catch (error) {
    const damaged = codeOf(error) === 'integrity.digest' || codeOf(error) === 'cache.failed';
    if (damaged) return await putAside(parts, blob, reader, error);
    throw error;
  }
  await reader.vouch();
  return 'right';
}

/**
 * @param seen who read the damage: a fresh copy that has come in place of that file stays
 * @param error what is wrong with the copy
 */
export async function putAside(
  { store, damaged, log, stuck }: Omit<CheckParts, 'hashing'>,
  { digest, size, origin }: CachedBlob,
  seen: BlobReader,
  error: unknown,
): Promise<'damaged' | 'stuck'> {
  damaged({ digest, size, message: messageOf(error), ...(origin !== undefined && { origin }) });
  try {
    await store.quarantine(digest, seen);
    return 'damaged';
  } catch (failed) {
    log.warn({ digest, error: messageOf(failed) }, 'a damaged blob could not be put aside');
    stuck?.remember(digest);
    return 'stuck';
  }
}
