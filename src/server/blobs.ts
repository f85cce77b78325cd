import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TufgateError } from '../errors.ts';
import type { PullDeps } from '../pull/deps.ts';
import { type BlobAnswer, pullBlob } from '../pull/pull-blob.ts';
import { clientOf } from './client.ts';
import { errorAnswer } from './error-response.ts';
import { type HandOff, handOffHeaders, mayHandOff } from './hand-off.ts';
import { inTurn } from './in-turn.ts';
import { hasAlready } from './if-none-match.ts';
import { type Range, rangeUnlessOther } from './range.ts';
import { blobHeaders, etagOf, knownHeaders } from './registry-api.ts';
import type { Target } from './target.ts';

/**
 * GET of a blob, straight onto the socket: web streams cost half the throughput, and only a raw connection can be
 * destroyed. That is the point: the last bytes leave when all are verified, and when they are not, the connection ends
 * without them, so that no client can take the answer for a complete one.
 *
 * The blobs of a connection take turns, and one at a time holds buffers, files and flights.
 */
export interface BlobServerOptions {
  readonly deps: PullDeps;
  readonly onFault: (error: unknown) => void;
  /** Absent: there is no web server before this listener. */
  readonly handOff?: HandOff | undefined;
}

export type BlobTarget = Extract<Target, { kind: 'blob' }>;

/** Resolves when the answer is written, or the client has gone; before it those that came earlier on its connection. */
export async function serveBlob(
  options: BlobServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: BlobTarget,
): Promise<void> {
  const { socket } = incoming;
  await inTurn(socket, async () => {
    if (!socket.destroyed) await answer(options, incoming, outgoing, target);
  });
}

async function answer(
  { deps, onFault, handOff }: BlobServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { repository, digest }: BlobTarget,
): Promise<void> {
  let blob: BlobAnswer | undefined;
  const isBodyWanted = (size: number): boolean => {
    const { kind } = planOf(incoming, digest, size);
    return kind === 'whole' || kind === 'part';
  };
  const { signal, release } = watch(incoming.socket, outgoing);
  try {
    const request = { repository, digest, client: clientOf(incoming), method: 'GET', signal };
    blob = await pullBlob(deps, request, isBodyWanted);
    outgoing.setHeader('oci-namespace', repository.registry);
    if (handOff !== undefined && mayHandOff(blob, incoming.headers)) {
      outgoing.writeHead(200, handOffHeaders(handOff, digest)).end();
      handOff.held.hold(digest, blob);
      blob = undefined;
    } else await sendBlob(blob, digest, incoming, outgoing, signal);
  } catch (error) {
    if (!(error instanceof TufgateError) && !signal.aborted) onFault(error);
    if (outgoing.headersSent || signal.aborted) outgoing.destroy();
    else refuse(outgoing, error);
  } finally {
    release();
    await blob?.close();
  }
}

async function sendBlob(
  blob: BlobAnswer,
  digest: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { size } = blob;
  const plan = planOf(incoming, digest, size);
  switch (plan.kind) {
    case 'same':
      outgoing.writeHead(304, knownHeaders(digest)).end();
      return;
    case 'unsatisfiable':
      outgoing.writeHead(416, { ...blobHeaders(digest, 0), 'content-range': `bytes */${size}` }).end();
      return;
    case 'whole':
      outgoing.writeHead(200, blobHeaders(digest, size));
      await blob.copyTo(outgoing, { start: 0, end: size - 1 }, signal);
      break;
    case 'part': {
      const { start, end } = plan;
      const headers = blobHeaders(digest, end - start + 1);
      outgoing.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${size}` });
      await blob.copyTo(outgoing, { start, end }, signal);
    }
  }
  outgoing.end();
}

/** What the answer is, by the client's conditions: those on the whole come before the range (RFC 9110 13.2.2). */
function planOf({ headers }: IncomingMessage, digest: string, size: number): Range | { readonly kind: 'same' } {
  const etag = etagOf(digest);
  if (hasAlready(headers['if-none-match'], etag)) return { kind: 'same' };
  const ifRange = headers['if-range'];
  return rangeUnlessOther(
    { range: headers.range, 'if-range': typeof ifRange === 'string' ? ifRange : ifRange?.[0] },
    etag,
    size,
  );
}

/**
 * Fires when the client went away, so that nobody reads for it any more. The socket is asked too: a response that waits
 * behind another one never hears of its end.
 */
function watch(socket: Socket, outgoing: ServerResponse): { signal: AbortSignal; release: () => void } {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  socket.once('close', leave);
  outgoing.once('close', leave);
  const release = (): void => {
    socket.off('close', leave);
    outgoing.off('close', leave);
  };
  return { signal: gone.signal, release };
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  const { status, headers, body } = errorAnswer(error, 'blob');
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}
