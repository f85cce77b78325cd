import { Readable } from 'node:stream';
import { TufgateError } from '../errors.ts';
import { failure } from './failure.ts';
import type { Received } from './wire.ts';

const DISCARDED = 64 * 1024;

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
export async function readAll(peer: string, what: string, answer: Received, maxBytes: number): Promise<Uint8Array> {
  const tooLong = (): TufgateError => {
    answer.body.on('error', () => undefined).destroy();
    const why = `the answer is longer than ${maxBytes} bytes; raise the limit if that is legitimate`;
    return new TufgateError('upstream.protocol', `${peer}: ${what}: ${why}`, { detail: { peer, maxBytes } });
  };
  const declared = Number(answer.headers.get('content-length') ?? 0);
  if (declared > maxBytes) throw tooLong();
  const body = new Gathered(declared);
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (body.length + chunk.length > maxBytes) throw tooLong();
    body.add(chunk);
  }
  return body.bytes();
}

const MAX_HINT_BYTES = 64 * 1024 * 1024;

/**
 * A body in one piece, each chunk copied when it comes: putting 20 MB together at the end would hold the event loop. The
 * declared length is a hint only; memory that is not written to costs nothing.
 */
class Gathered {
  length = 0;
  private whole: Buffer;

  constructor(declared: number) {
    this.whole = Buffer.allocUnsafeSlow(declared > 0 ? Math.min(Math.trunc(declared), MAX_HINT_BYTES) : 0);
  }

  add(chunk: Uint8Array): void {
    if (this.length + chunk.length > this.whole.length) this.grow(this.length + chunk.length);
    this.whole.set(chunk, this.length);
    this.length += chunk.length;
  }

  bytes(): Uint8Array {
    return this.length === this.whole.length ? this.whole : new Uint8Array(this.whole.subarray(0, this.length));
  }

  private grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.whole.length));
    larger.set(this.whole.subarray(0, this.length));
    this.whole = larger;
  }
}

/** The beginning of a body; what an error page says beyond that is not read. */
export async function readSome(answer: Received, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks);
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
