import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inTurn } from './in-turn.ts';

/**
 * `/tuf/<name>/<file>`: the repositories of approvals that this gate keeps, for other gates, as any web server would have them. What
 * is served is signed, and each client verifies it; so nothing is judged here.
 */
export interface TufFilesOptions {
  /** Published folders by the name of their source. */
  readonly folders: ReadonlyMap<string, string>;
  readonly onFault: (error: unknown) => void;
}

/** Names that such a repository has; nothing else can be asked for, whatever lies in the folder. */
const TARGET =
  /^\/tuf\/([A-Za-z0-9][A-Za-z0-9_-]{0,62})\/((?:[1-9][0-9]{0,14}\.[a-z0-9][a-z0-9._-]{0,80}|timestamp|root)\.json)$/;

/** @returns false for a request that is about something else: nothing was done with it */
export function serveTufFile(options: TufFilesOptions, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  const url = incoming.url ?? '';
  if (!url.startsWith('/tuf/')) return false;
  const [, name = '', file = ''] = TARGET.exec(url.split('?', 1)[0] ?? '') ?? [];
  const folder = options.folders.get(name);
  const reads = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (!reads) answer(outgoing, 405, 'only GET and HEAD', { allow: 'GET, HEAD' });
  else if (folder === undefined || file === '') answer(outgoing, 404, 'no such file');
  else
    void inTurn(incoming.socket, () => send(join(folder, file), incoming, outgoing)).catch((error: unknown) =>
      failed(options, outgoing, error),
    );
  return true;
}

/** Whoever asked is never left without an answer, or with half of one that looks whole. */
function failed({ onFault }: TufFilesOptions, outgoing: ServerResponse, error: unknown): void {
  onFault(error);
  if (outgoing.headersSent) outgoing.destroy();
  else answer(outgoing, 500, 'internal');
}

async function send(path: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (incoming.socket.destroyed) return;
  const file = await open(path, 'r').catch(missing);
  if (file === undefined) {
    answer(outgoing, 404, 'no such file');
    return;
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) {
      answer(outgoing, 404, 'no such file');
      return;
    }
    const { size, mtimeMs, ino } = found;
    const etag = `"${ino.toString(16)}-${Math.trunc(mtimeMs).toString(16)}-${size.toString(16)}"`;
    const headers = { etag, 'cache-control': lasts(path) };
    if (incoming.headers['if-none-match'] === etag) return void outgoing.writeHead(304, headers).end();
    outgoing.writeHead(200, { ...headers, 'content-type': 'application/json', 'content-length': size });
    if (incoming.method === 'HEAD') return void outgoing.end();
    // No further than what was said: a file that is written to meanwhile is not ours.
    if (size === 0) return void outgoing.end();
    const bytes = file.createReadStream({ end: size - 1, autoClose: false, highWaterMark: 1 << 18 });
    await untilGone(incoming, outgoing, () => pipeline(bytes, outgoing));
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  } finally {
    await file.close();
  }
}

/** A response that waits behind another one never hears of the end of its connection. */
async function untilGone(
  { socket }: IncomingMessage,
  outgoing: ServerResponse,
  work: () => Promise<void>,
): Promise<void> {
  const gone = (): void => void outgoing.destroy();
  socket.once('close', gone);
  await work().finally(() => socket.off('close', gone));
}

/** A version never changes; which one is the newest does. */
function lasts(path: string): string {
  return /\/[0-9]+\.[^/]*$/.test(path) ? 'public, max-age=86400, immutable' : 'no-cache';
}

function missing(error: unknown): undefined {
  if ((error as { code?: string }).code === 'ENOENT') return undefined;
  throw error;
}

function answer(
  outgoing: ServerResponse,
  status: number,
  message: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(`${JSON.stringify({ message })}\n`);
  outgoing.writeHead(status, { ...more, 'content-type': 'application/json', 'content-length': body.length }).end(body);
}
