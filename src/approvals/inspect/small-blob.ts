import { TufgateError } from '../../errors.ts';
import { verifyBytes } from '../../verify/verify-bytes.ts';
import type { Blob } from './facts.ts';
import type { Lookup } from './verified-document.ts';

const PATIENCE_MS = 60_000;

/**
 * All of a blob in one go, and no more of it than the verified manifest above it says.
 * @param blob that the caller has judged small
 * @throws upstream.* · integrity.*
 */
export async function smallBlob(lookup: Lookup, blob: Blob): Promise<Uint8Array> {
  const { upstream, signal, blobMs = PATIENCE_MS } = lookup;
  // A client's deadline ends with the headers: a body that drips would hold this one for days.
  const patience = AbortSignal.timeout(blobMs);
  const either = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  try {
    return await read(lookup, blob, either);
  } catch (error) {
    if (!patience.aborted || signal?.aborted === true) throw error;
    const why = `${upstream.name}: blob ${blob.digest} was not there within ${blobMs / 1000} s; try again later`;
    throw new TufgateError('upstream.unreachable', why, { cause: error });
  }
}

async function read({ upstream, path }: Lookup, { digest, size }: Blob, signal: AbortSignal): Promise<Uint8Array> {
  const { body } = await upstream.blob(path, digest, { offset: 0, signal });
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  try {
    while (length <= size) {
      const count = await body.read(bytes.subarray(length), () => false);
      if (count === 0) break;
      length += count;
    }
  } finally {
    body.destroy();
  }
  verifyBytes(digest, size, bytes.subarray(0, length));
  return bytes.subarray(0, length);
}
