import { setImmediate } from 'node:timers/promises';
import { TufgateError } from '../errors.ts';
import { failure } from './failure.ts';
import { Gathering, type Pieces } from './pieces.ts';
import type { Incoming } from './registry.ts';
import type { Received } from './wire.ts';

const DISCARDED = 64 * 1024;
const PIECE_BYTES = 64 * 1024;
/** A body that comes as fast as it can be read would keep a turn of the event loop for itself: this much is one turn. */
const TURN_BYTES = 128 * 1024;

/** Lets go of a body nobody wants: reads a little, so that the connection lives on, and ends it when there is more. */
export function discard({ body }: Received): void {
  const read = body.read(Buffer.allocUnsafe(DISCARDED), () => false);
  read.then((count) => count === DISCARDED && body.destroy()).catch(() => undefined);
}

/**
 * All of a body, counted while it comes: a peer may lie about its length, or give none.
 * @param what for messages: `GET /v2/library/nginx/manifests/1.27`
 * @throws upstream.protocol when it is longer than `maxBytes`; the rest is not read
 */
export async function readAll(peer: string, what: string, answer: Received, maxBytes: number): Promise<Pieces> {
  const tooLong = (): TufgateError => {
    answer.body.destroy();
    const why = `the answer is longer than ${maxBytes} bytes; raise the limit if that is legitimate`;
    return new TufgateError('upstream.protocol', `${peer}: ${what}: ${why}`, { detail: { peer, maxBytes } });
  };
  const declared = Number(answer.headers.get('content-length') ?? 0);
  if (declared > maxBytes) throw tooLong();
  const body = new Gathering();
  let turn = 0;
  for await (const chunk of piecesOf(answer.body)) {
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
  for await (const chunk of piecesOf(answer.body)) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return chunks;
}

/** What comes, as it comes, in memory of its own. Whoever stops before the end ends the connection. */
async function* piecesOf(body: Incoming): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      const count = await body.read(piece);
      if (count === 0) return;
      yield piece.subarray(0, count);
    }
  } finally {
    body.destroy();
  }
}

/**
 * A body on its way to a reader: errors arrive as `TufgateError`, or as the reason of the caller's own signal. `skip` bytes at
 * the start are dropped: for peers that answer a Range request with everything.
 */
export class PeerBody implements Incoming {
  readonly #source: Received['body'];
  readonly #explain: (error: unknown) => Error;
  readonly #tooShort: () => Error;
  #skip: number;

  constructor(peer: string, what: string, source: Received['body'], skip: number, signal?: AbortSignal) {
    this.#source = source;
    this.#skip = skip;
    this.#explain = (error) => (signal?.aborted === true ? asError(signal.reason) : failure(peer, what, error));
    this.#tooShort = () => new TufgateError('upstream.protocol', `${peer}: ${what}: shorter than its offset`);
  }

  /** Resolves when nothing more will come. */
  get over(): Promise<void> {
    return this.#source.over;
  }

  async read(into: Uint8Array, enough?: () => boolean): Promise<number> {
    try {
      while (this.#skip > 0) await this.#drop(into);
      return await this.#source.read(into, enough);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  destroy(why?: Error): void {
    this.#source.destroy(why);
  }

  async #drop(scratch: Uint8Array): Promise<void> {
    const count = await this.#source.read(scratch.subarray(0, this.#skip));
    if (count === 0) throw this.#tooShort();
    this.#skip -= count;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
