import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { Exchange } from './registry-exchange.ts';
import type { Lie } from './registry-lies.ts';

/** Content by digest that may be larger than memory. */
export interface BlobSource {
  readonly digest: Digest;
  readonly size: number;
  /** From byte `from` to the end. */
  read(from: number): Iterable<Buffer>;
}

const CHUNK = 256 * 1024;
const BLOCK = 1024 * 1024;

export function blobSource(bytes: Uint8Array): BlobSource {
  const whole = Buffer.from(bytes);
  function* read(from: number): Generator<Buffer> {
    for (let at = from; at < whole.length; at += CHUNK) yield whole.subarray(at, at + CHUNK);
  }
  return { digest: digestOf([whole]), size: whole.length, read };
}

/** Blocks of 1 MiB, all alike but for their number at the start; equal `size` and `seed` give equal bytes. */
export function patternBlob(size: number, seed: number): BlobSource {
  const block = Buffer.alloc(BLOCK, createHash('sha512').update(`pattern ${seed}`).digest());
  function* read(from: number): Generator<Buffer> {
    for (let at = from; at < size;) {
      const [number, within] = [Math.floor(at / BLOCK), at % BLOCK];
      const header = Buffer.alloc(8);
      header.writeBigUInt64BE(BigInt(number));
      const piece = within < 8 ? header.subarray(within) : block.subarray(within, Math.min(within + CHUNK, BLOCK));
      yield piece.subarray(0, size - at);
      at += piece.length;
    }
  }
  return { digest: digestOf(read(0)), size, read };
}

/** What the simulator sends of `source`, lie included. Rejects when the client has gone. */
export async function sendBody(
  { request, response }: Exchange,
  source: BlobSource,
  headers: Readonly<Record<string, string>>,
  { lie, held }: { readonly lie: Lie | undefined; readonly held: () => Promise<void> },
): Promise<void> {
  const start = startOf(request.headers.range, source.size, lie);
  const short = lie?.kind === 'short' ? lie.bytes : source.size;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (lie?.kind !== 'endless') response.setHeader('content-length', Math.max(0, short - start.sent));
  if (start.claimed !== undefined)
    response.setHeader(
      'content-range',
      `bytes ${start.claimed}-${start.claimed + short - start.sent - 1}/${source.size}`,
    );
  if (lie?.kind === 'headers')
    for (const [name, value] of Object.entries(lie.headers))
      if (value === undefined) response.removeHeader(name);
      else response.setHeader(name, value);
  response.writeHead(start.claimed === undefined ? 200 : 206);
  response.flushHeaders();
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const outcome = await sendPieces(response, source, start.sent, { lie, held });
  if (outcome === 'cut') response.destroy();
  else response.end();
}

async function sendPieces(
  response: Exchange['response'],
  source: BlobSource,
  from: number,
  { lie, held }: { readonly lie: Lie | undefined; readonly held: () => Promise<void> },
): Promise<'done' | 'cut'> {
  let stop = lie?.kind === 'cut' || lie?.kind === 'stall' || lie?.kind === 'short' ? lie.bytes : Infinity;
  let at = from;
  for (const piece of source.read(from)) {
    let rest = flipped(piece, at, source.size, lie);
    if (at + rest.length > stop) {
      const head = rest.subarray(0, Math.max(0, stop - at));
      await write(response, head);
      if (lie?.kind === 'short') return 'done';
      if (lie?.kind === 'cut') return 'cut';
      await held();
      stop = Infinity;
      rest = rest.subarray(head.length);
      at += head.length;
    }
    await write(response, rest);
    at += rest.length;
  }
  while (lie?.kind === 'endless') await write(response, Buffer.alloc(CHUNK, 0x20));
  return 'done';
}

function startOf(
  range: string | undefined,
  size: number,
  lie: Lie | undefined,
): { readonly sent: number; readonly claimed?: number } {
  const asked = /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
  if (asked === undefined || lie?.kind === 'no-range' || Number(asked) >= size) return { sent: 0 };
  if (lie?.kind !== 'wrong-range') return { sent: Number(asked), claimed: Number(asked) };
  return { sent: lie.start, claimed: lie.honest ? lie.start : Number(asked) };
}

function flipped(piece: Buffer, at: number, size: number, lie: Lie | undefined): Buffer {
  if (lie?.kind !== 'flip') return piece;
  const within = (lie.at ?? Math.floor(size / 2)) - at;
  if (within < 0 || within >= piece.length) return piece;
  const copy = Buffer.from(piece);
  copy[within] = (copy[within] ?? 0) ^ 1;
  return copy;
}

/** Until the socket has taken it: what is cut off afterwards is exactly the rest. */
async function write(response: Exchange['response'], chunk: Buffer): Promise<void> {
  if (chunk.length === 0) return;
  await new Promise<void>((resolve, reject) => {
    const gone = (): void => reject(new Error('the client has gone'));
    if (response.destroyed) {
      gone();
      return;
    }
    response.once('close', gone);
    response.write(chunk, (error) => {
      response.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

function digestOf(chunks: Iterable<Uint8Array>): Digest {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
