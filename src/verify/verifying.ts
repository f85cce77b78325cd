import { type BlobVerifier, heldBack } from './blob-verifier.ts';
import type { Pace } from './pace.ts';

const BLOCK_BYTES = 256 * 1024;

/**
 * The verifying stream for a blob that goes to one client and to no file: yields the blob in order, its last bytes only
 * after the verdict. Memory is one window of tail and block, whatever the pieces.
 *
 * A yielded block is overwritten when the next one is asked for: whoever takes it must be done with it by then.
 * @throws integrity.* and what `chunks` throws
 */
export async function* verifying(
  chunks: AsyncIterable<Uint8Array>,
  verifier: BlobVerifier,
  options: { readonly tailBytes?: number; readonly pace: Pace },
): AsyncGenerator<Buffer, void, undefined> {
  const tail = heldBack(verifier.size, options.tailBytes);
  const window = Buffer.allocUnsafeSlow(tail + Math.min(BLOCK_BYTES, verifier.size));
  let filled = 0;
  for await (const chunk of chunks) {
    verifier.count(chunk.length);
    await verifier.update(chunk);
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + window.length - filled);
      window.set(piece, filled);
      taken += piece.length;
      filled += piece.length;
      if (filled === window.length || (filled > tail && options.pace.due())) {
        yield window.subarray(0, filled - tail);
        window.copyWithin(0, filled - tail, filled);
        filled = tail;
      }
    }
  }
  await verifier.finish();
  if (filled > 0) yield window.subarray(0, filled);
}
