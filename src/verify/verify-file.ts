import type { BlobReader } from '../cache/blob-store.ts';
import { TufgateError } from '../errors.ts';
import type { BlobVerifier } from './blob-verifier.ts';

/**
 * Hashes a whole file: one buffer is read while the other is hashed.
 * @param pass called before the first block with 0, and after each with its bytes: may wait, or throw to end it
 * @throws integrity.digest · cache.failed, also when the file ends early · internal when the hash was lost
 */
export async function verifyFile(
  reader: BlobReader,
  verifier: BlobVerifier,
  buffers: readonly [Buffer, Buffer],
  pass: (bytes: number) => Promise<void> | void = () => undefined,
): Promise<void> {
  const busy: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
  let turn: 0 | 1 = 0;
  try {
    await pass(0);
    for (let position = 0; position < verifier.size;) {
      await busy[turn];
      const count = await readBlock(reader, buffers[turn], position, verifier.size);
      verifier.count(count);
      busy[turn] = verifier.update(buffers[turn].subarray(0, count));
      busy[turn].catch(() => undefined); // its turn, or the end, meets it
      turn = turn === 0 ? 1 : 0;
      position += count;
      await pass(count);
    }
  } catch (error) {
    verifier.drop();
    throw error;
  } finally {
    await Promise.allSettled(busy);
  }
  await verifier.finish();
}

/** @param end where nothing more is wanted @throws cache.failed, also when the file ends early */
export async function readBlock(reader: BlobReader, into: Buffer, position: number, end: number): Promise<number> {
  const count = await reader.read(into.subarray(0, Math.min(into.length, end - position)), position);
  if (count === 0) throw new TufgateError('cache.failed', `a cached blob ends at byte ${position}, too early`);
  return count;
}
