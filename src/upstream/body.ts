import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { TufgateError } from '../errors.ts';
import { failure } from './failure.ts';
import { Gathering, type Pieces } from './pieces.ts';
import type { Received } from './wire.ts';

const DISCARDED = 64 * 1024;
/** A body that comes as fast as it can be read would keep a turn of the event loop for itself: this much is one turn. */
const TURN_BYTES = 128 * 1024;

/** Lets go of a body nobody wants: reads a little, so that the connection lives on, and ends it when there is more. */
export function discard(answer: Received): void {
  answer.body.on('error', () => undefined);
  answer.body.dump({ limit: DISCARDED }).catch(() => undefined);
}

/**
 * All of a body, counted while it comes: a peer may lie about its length, or give none.
 * @param what for messages: `GET /v2/library/nginx/manifests/1.27`
 * @throws upstream.protocol when it is longer than `maxBytes`; the rest is not read
 */
export async function readAll(peer: string, what: string, answer: Received, maxBytes: number): Promise<Pieces> {
  const tooLong = (): TufgateError => {
    answer.body.on('error', () => undefined).destroy();
    const why = `the answer is longer than ${maxBytes} bytes; raise the limit if that is legitimate`;
    return new TufgateError('upstream.protocol', `${peer}: ${what}: ${why}`, { detail: { peer, maxBytes } });
  };
  const declared = Number(answer.headers.get('content-length') ?? 0);
  if (declared > maxBytes) throw tooLong();
  const body = new Gathering();
  let turn = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (body.length + chunk.length > maxBytes) throw tooLong();
    body.add(chunk);
    turn += chunk.length;
    if (turn < TURN_BYTES) continue;
    await setImmediate();
    turn = 0;
  }
  return body.pieces();
}

/** The beginning of a body; what an error page says beyond that is not read. */
export async function readSome(answer: Received, maxBytes: number): Promise<Pieces> {
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return chunks;
}

/**
 * A body on its way to a reader: nothing is buffered beyond one chunk, errors arrive as `TufgateError`, destroying it
 * ends the connection. `skip` bytes at the start are dropped: for peers that answer a Range request with everything.
 */
export class PeerBody extends Readable {
  private readonly source: Received['body'];
  private skip: number;

  constructor(peer: string, what: string, source: Received['body'], skip: number, signal?: AbortSignal) {
    super();
    this.source = source;
    this.skip = skip;
    source.on('data', (chunk: Buffer) => {
      this.forward(chunk);
    });
    source.on('error', (error) => {
      this.destroy(signal?.aborted === true ? asError(signal.reason) : failure(peer, what, error));
    });
    source.on('end', () => {
      if (this.skip > 0)
        this.destroy(new TufgateError('upstream.protocol', `${peer}: ${what}: shorter than its offset`));
      else this.push(null);
    });
    source.pause();
  }

  private forward(chunk: Buffer): void {
    const rest = chunk.subarray(Math.min(this.skip, chunk.length));
    this.skip -= chunk.length - rest.length;
    if (rest.length > 0 && !this.push(rest)) this.source.pause();
  }

  override _read(): void {
    this.source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.source.destroy();
    callback(error);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
