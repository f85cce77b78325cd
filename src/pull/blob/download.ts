import { backOffMs } from '../../back-off.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import type { UpstreamBlob } from '../../upstream/registry.ts';
import { wrongLength } from '../../verify/mismatch.ts';
import { Drip } from './drip.ts';
import { type BlobRequest, type FlightParts, originOf } from './request.ts';

const MAX_TRIES = 5;
/** A connection that brought this much was worth it: tries are counted anew. */
const PROGRESS_BYTES = 1024 * 1024;
const PAUSE = { baseMs: 200, mostMs: 5_000 } as const;
/** An upstream that asks to be left alone for longer is not waited for: clients give up by then, and ask again by Range. */
const PATIENCE_MS = 30_000;

/** What no other connection would mend: a size that is wrong, a landing that takes no more. */
const OURS: ReadonlySet<string> = new Set(['integrity.length', 'cache.failed']);

type DownloadParts = Pick<FlightParts, 'delay' | 'fetching' | 'now' | 'random'>;

/** Where the bytes go. */
export interface Landing {
  /** Memory for the next bytes, never empty; waits until there is some. */
  room(): Promise<Uint8Array> | Uint8Array;
  /** Bytes have come: shall they go on, although there is room for more? */
  readonly enough: () => boolean;
}

/**
 * Lands the bytes of a blob from `from` on, unverified, over as many connections as it takes: when one breaks, or ends too
 * early, the next goes on where it broke, by Range. Whoever hashes never starts again; an upstream that goes on with
 * other bytes fails the hash.
 *
 * One that is silent is broken, and so is one that drips.
 *
 * An upstream that cannot go on from the middle is asked from the start, and what is known already is skipped.
 * Bytes past the size are passed on, for whoever verifies to refuse; an upstream that announces them, or goes on with a
 * part of something that has another size, is not read at all. Its ETag is not looked at: the digest is the name of the
 * content, and two caches of one storage give the same bytes different tags.
 *
 * Yields how many bytes were put into the room that was asked for last.
 * @throws integrity.length for too many announced, or for too few after 5 tries · upstream.*
 */
export async function* download(
  request: BlobRequest,
  from: number,
  parts: DownloadParts,
  signal: AbortSignal,
  landing: Landing,
): AsyncGenerator<number, void, undefined> {
  const progress = { offset: from, resumable: true };
  for (let tries = 0, mark = from; ;) {
    const trouble = yield* connection(request, progress, tries > 0, parts, signal, landing);
    signal.throwIfAborted();
    if (progress.offset === request.size) return;
    tries = progress.offset - mark >= PROGRESS_BYTES ? 1 : tries + 1;
    mark = progress.offset;
    const restMs = restOf(trouble);
    if (tries > MAX_TRIES || restMs > PATIENCE_MS) throw gaveUp(request, progress.offset, trouble);
    await parts.delay(restMs + backOffMs(tries, PAUSE, parts.random), signal);
  }
}

/** @returns what broke it, or undefined when it ended by itself */
async function* connection(
  request: BlobRequest,
  progress: { offset: number; resumable: boolean },
  again: boolean,
  parts: DownloadParts,
  signal: AbortSignal,
  landing: Landing,
): AsyncGenerator<number, unknown, undefined> {
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
  const leave = (): void => upstream.body.destroy(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  try {
    signal.throwIfAborted();
    refuseOtherSize(request, start, upstream);
    let skip = progress.offset - start;
    const drip = new Drip();
    for (;;) {
      const room = await landing.room();
      const asked = parts.now();
      const count = await upstream.body.read(room, landing.enough);
      if (count === 0) return undefined;
      if (drip.arrived(count, parts.now() - asked)) throw tooSlow(request);
      const known = Math.min(skip, count);
      skip -= known;
      if (known === count) continue;
      if (known > 0) room.copyWithin(0, known, count);
      progress.offset += count - known;
      yield count - known;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (OURS.has(codeOf(error))) throw error;
    return error;
  } finally {
    signal.removeEventListener('abort', leave);
    upstream.body.destroy();
  }
}

/** The first request is not repeated here (the upstream client has its own patience); a later one may be. */
function mayPass(error: unknown, start: number, again: boolean): boolean {
  const code = codeOf(error);
  if (!again && start === 0) return false;
  return (
    code === 'upstream.unreachable' || code === 'upstream.rate-limited' || (code === 'upstream.protocol' && start > 0)
  );
}

function refuseOtherSize(request: BlobRequest, start: number, upstream: UpstreamBlob): void {
  const { digest, size } = request;
  const announced = start + (upstream.length ?? 0);
  if (announced > size) throw wrongLength(digest, size, announced);
  if (upstream.total !== undefined && upstream.total !== size) throw wrongLength(digest, size, upstream.total);
}

/** How long the upstream is to be left alone, milliseconds, where it said so or cannot be reached. */
function restOf(trouble: unknown): number {
  const seconds = trouble instanceof TufgateError ? trouble.detail['retryAfter'] : undefined;
  return typeof seconds === 'number' ? seconds * 1000 : 0;
}

function tooSlow({ digest }: BlobRequest): TufgateError {
  const why = 'sends less than 64 KiB a minute, and was broken off: pull again later, or ask who runs it';
  return new TufgateError('upstream.unreachable', `the upstream of ${digest} ${why}`);
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
