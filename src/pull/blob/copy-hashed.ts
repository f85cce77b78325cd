import type { BlobReader } from '../../cache/blob-store.ts';
import { type BlobVerifier, heldBack } from '../../verify/blob-verifier.ts';
import { readBlock } from '../../verify/verify-file.ts';
import type { ClientSink } from './client-sink.ts';

/**
 * Copies a whole file to the client and hashes it on the way: what is sent is what was hashed, whatever happens to the file
 * meanwhile. A buffer is being sent while it is being hashed, and filled again when both are done.
 *
 * Guarantee: the last bytes go out after the verdict, out of memory; a bad one throws before them.
 * @param tailBytes how many
 * @throws integrity.digest · cache.failed · internal when the hash was lost: the answer must not look complete
 */
export async function copyHashed(
  reader: BlobReader,
  sink: ClientSink,
  buffers: readonly [Buffer, Buffer],
  verifier: BlobVerifier,
  tailBytes: number,
): Promise<void> {
  const { size } = verifier;
  const early = size - heldBack(size, tailBytes);
  const tail: Buffer[] = [];
  let [filling, other] = buffers;
  let before = Promise.resolve();
  let last = Promise.resolve();
  try {
    for (let position = 0; position < size && !sink.gone;) {
      await before;
      const count = await readBlock(reader, filling, position, size);
      const block = filling.subarray(0, count);
      [before, last] = [last, take(block, Math.max(0, early - position), verifier, sink, tail)];
      last.catch(() => undefined); // its turn, or the end, meets it
      [filling, other] = [other, filling];
      position += count;
    }
    await Promise.all([before, last]);
    if (sink.gone) {
      verifier.drop();
      return;
    }
    await verifier.finish();
  } catch (error) {
    verifier.drop();
    throw error;
  } finally {
    await Promise.allSettled([before, last]);
  }
  for (const piece of tail) await sink.write(piece);
}

/** Hashes a block, and sends what of it may go out early. Resolves when the buffer is free again. */
async function take(
  block: Buffer,
  early: number,
  verifier: BlobVerifier,
  sink: ClientSink,
  tail: Buffer[],
): Promise<void> {
  verifier.count(block.length);
  const hashed = verifier.update(block);
  const now = block.subarray(0, early);
  if (now.length < block.length) tail.push(Buffer.from(block.subarray(early)));
  await Promise.all([hashed, now.length > 0 && sink.write(now)]);
}
