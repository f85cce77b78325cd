import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TufgateError } from '../errors.ts';
import type { PullDeps } from '../pull/deps.ts';
import { type BlobAnswer, pullBlob } from '../pull/pull-blob.ts';
import { clientOf } from './client.ts';
import { errorAnswer } from './error-response.ts';
import { inTurn } from './in-turn.ts';
import { readRange } from './range.ts';
import { blobHeaders } from './registry-api.ts';
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
  { deps, onFault }: BlobServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { repository, digest }: BlobTarget,
): Promise<void> {
  let blob: BlobAnswer | undefined;
  const { signal, release } = watch(incoming.socket, outgoing);
  try {
    blob = await pullBlob(deps, { repository, digest, client: clientOf(incoming), method: 'GET', signal });
    outgoing.setHeader('oci-namespace', repository.registry);
    await sendBlob(blob, digest, incoming, outgoing, signal);
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
  const range = readRange(incoming.headers.range, size);
  if (incoming.headers['if-none-match'] === `"${digest}"`) {
    outgoing.writeHead(304, { etag: `"${digest}"` }).end();
    return;
  }
  if (range.kind === 'unsatisfiable') {
    outgoing.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range.kind === 'whole' ? { start: 0, end: size - 1 } : range;
  const headers = blobHeaders(digest, end - start + 1);
  if (range.kind === 'whole') outgoing.writeHead(200, headers);
  else outgoing.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${size}` });
  await blob.copyTo(outgoing, { start, end }, signal);
  outgoing.end();
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
