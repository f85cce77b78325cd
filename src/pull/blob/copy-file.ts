import type { BlobReader } from '../../cache/blob-store.ts';
import { TufgateError } from '../../errors.ts';
import type { ClientSink } from './client-sink.ts';

/**
 * Copies bytes [position, limit) of a file to the client: one buffer is read while the other is being sent. That
 * loop, with buffers this large, is what makes a warm pull fast: streams of 64 KiB pieces reach a fifth of it.
 * @returns the position reached: `limit`, or less when the client has gone
 * @throws cache.failed, also when the file ends early
 */
export async function copyFile(
  reader: BlobReader,
  sink: ClientSink,
  buffers: readonly [Buffer, Buffer],
  position: number,
  limit: number,
): Promise<number> {
  let [filling, sending] = buffers;
  let pending = Promise.resolve();
  while (position < limit && !sink.gone) {
    const count = await reader.read(filling.subarray(0, Math.min(filling.length, limit - position)), position);
    if (count === 0) throw new TufgateError('cache.failed', `a cached blob ends at byte ${position}, too early`);
    await pending;
    pending = sink.write(filling.subarray(0, count));
    [filling, sending] = [sending, filling];
    position += count;
  }
  await pending;
  return position;
}
