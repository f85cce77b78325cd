import { createHash } from 'node:crypto';
import type { BlobReader } from '../../cache/blob-store.ts';
import { codeOf } from '../../errors.ts';
import { algorithmOf, type Digest, hexOf } from '../../oci/digest.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Whether its bytes are what its name says; bytes that the disk does not give are not. One block is read while another is hashed. */
export async function hashesTo(reader: BlobReader, digest: Digest): Promise<boolean> {
  try {
    return (await hexOfAll(reader, digest)) === hexOf(digest);
  } catch (error) {
    if (codeOf(error) === 'cache.failed') return false;
    throw error;
  }
}

async function hexOfAll(reader: BlobReader, digest: Digest): Promise<string> {
  const hash = createHash(algorithmOf(digest));
  const bytes = Math.max(1, Math.min(BLOCK_BYTES, reader.size));
  let [reading, hashing] = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  let count = await reader.read(reading, 0);
  for (let position = count; count > 0; position += count) {
    [reading, hashing] = [hashing, reading];
    const next = reader.read(reading, position);
    hash.update(hashing.subarray(0, count));
    count = await next;
  }
  return hash.digest('hex');
}
