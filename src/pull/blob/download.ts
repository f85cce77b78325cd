import { addAbortSignal } from 'node:stream';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import type { UpstreamBlob } from '../../upstream/registry.ts';
import { wrongLength } from '../../verify/mismatch.ts';
import { type BlobRequest, type FlightParts, originOf } from './request.ts';

const MAX_TRIES = 5;
/** A connection that brought this much was worth it: tries are counted anew. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * The bytes of a blob from `from` on, unverified, over as many connections as it takes: when one breaks, or ends too
 * early, the next goes on where it broke, by Range. Whoever hashes never starts again; an upstream that goes on with
 * other bytes fails the hash.
 *
 * An upstream that cannot go on from the middle is asked from the start, and what is known already is skipped.
 * Bytes past the size are passed on, for whoever verifies to refuse; an upstream that announces them is not read at all.
 * @throws integrity.length for too many announced, or for too few after 5 tries · upstream.*
 */
export async function* download(
  request: BlobRequest,
  from: number,
  parts: Pick<FlightParts, 'delay' | 'fetching'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const progress = { offset: from, resumable: true };
  for (let tries = 0, mark = from; ;) {
    const trouble = yield* connection(request, progress, tries > 0, parts, signal);
    signal.throwIfAborted();
    if (progress.offset === request.size) return;
    tries = progress.offset - mark >= PROGRESS_BYTES ? 1 : tries + 1;
    mark = progress.offset;
    if (tries > MAX_TRIES) throw gaveUp(request, progress.offset, trouble);
    await parts.delay(tries, signal);
  }
}

/** @returns what broke it, or undefined when it ended by itself */
async function* connection(
  request: BlobRequest,
  progress: { offset: number; resumable: boolean },
  again: boolean,
  parts: Pick<FlightParts, 'fetching'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, unknown, undefined> {
  const start = progress.resumable ? progress.offset : 0;
  let upstream: UpstreamBlob;
  try {
    parts.fetching({ digest: request.digest, origin: originOf(request), offset: start });
    upstream = await request.fetch(start, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!mayPass(error, start, again)) throw error;
    if (codeOf(error) === 'upstream.protocol') progress.resumable = false;
    return error;
  }
  let skip = progress.offset - start;
  try {
    refuseAnnouncedExcess(request, start, upstream);
    for await (const chunk of addAbortSignal(signal, upstream.body) as AsyncIterable<Uint8Array>) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length === 0) continue;
      progress.offset += fresh.length;
      yield fresh;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (codeOf(error) === 'integrity.length') throw error;
    return error;
  } finally {
    upstream.body.destroy();
  }
  return undefined;
}

/** The first request is not repeated here (the upstream client has its own patience); a later one may be. */
function mayPass(error: unknown, start: number, again: boolean): boolean {
  const code = codeOf(error);
  if (!again && start === 0) return false;
  return (
    code === 'upstream.unreachable' || code === 'upstream.rate-limited' || (code === 'upstream.protocol' && start > 0)
  );
}

function refuseAnnouncedExcess(request: BlobRequest, start: number, upstream: UpstreamBlob): void {
  const announced = start + (upstream.length ?? 0);
  if (announced > request.size) throw wrongLength(request.digest, request.size, announced);
}

function gaveUp(request: BlobRequest, received: number, trouble: unknown): TufgateError {
  if (trouble === undefined) return wrongLength(request.digest, request.size, received);
  if (trouble instanceof TufgateError && trouble.code.startsWith('upstream.')) return trouble;
  return new TufgateError(
    'upstream.unreachable',
    `the upstream broke off ${request.digest} at byte ${received} of ${request.size}, ` +
      `also after ${MAX_TRIES} more tries (${messageOf(trouble)}). Pull again later.`,
    { cause: trouble },
  );
}
