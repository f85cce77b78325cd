import type { BlobReader } from '../../cache/blob-store.ts';
import { BlobVerifier, heldBack } from '../../verify/blob-verifier.ts';
import { Pace } from '../../verify/pace.ts';
import { readBlock } from '../../verify/verify-file.ts';
import { verifying } from '../../verify/verifying.ts';
import { download } from './download.ts';
import type { BlobRequest, ByteRange, FlightParts } from './request.ts';
import type { ClientSink } from './client-sink.ts';

/** What a spool that failed still holds of the blob: its first `length` bytes. */
export interface Remains {
  readonly reader: BlobReader;
  readonly length: number;
}

const BLOCK_BYTES = 256 * 1024;

/**
 * A blob from the upstream to one client, without the cache: verified with the same care, tail held back included, kept
 * nowhere. For blobs that the cache cannot take and for disks that refuse.
 *
 * After a spool failed in the middle, `remains` are what clients were sent from: they are read and hashed again, and
 * the upstream is asked for the rest only.
 */
export class DirectDownload {
  readonly #request: BlobRequest;
  readonly #parts: FlightParts;
  readonly #abort = new AbortController();
  readonly #blocks: AsyncGenerator<Buffer, void, undefined>;
  #first: IteratorResult<Buffer, void> | undefined;
  #offset = 0;

  constructor(request: BlobRequest, parts: FlightParts, remains?: Remains) {
    this.#request = request;
    this.#parts = parts;
    const verifier = new BlobVerifier(request.digest, request.size);
    const options = { tailBytes: parts.sizes.tailBytes, pace: Pace.firstAtOnce(parts.now) };
    this.#blocks = verifying(chunks(request, parts, this.#abort.signal, remains), verifier, options);
  }

  /** Waits until the first byte can be sent. @param signal breaks it off @throws integrity.*, upstream.* */
  async start(signal?: AbortSignal): Promise<void> {
    const leave = (): void => this.#abort.abort(signal?.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      this.#first = await this.#next();
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Sends bytes [position, range.end]; whatever is before `position` was sent already. Once only. */
  async send(range: ByteRange, position: number, sink: ClientSink): Promise<void> {
    const deaf = sink.onGone(() => this.#abort.abort());
    try {
      const kept = await this.#sendUnverified(range, position, sink);
      for (const piece of kept) await sink.write(piece);
    } catch (error) {
      if (!sink.gone) throw error;
    } finally {
      deaf();
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#parts.live.delete(this.#abort);
    await this.#blocks.return().catch(() => undefined);
  }

  /** To the end of the blob, which is the verdict. @returns the range's last bytes, which waited for it */
  async #sendUnverified(range: ByteRange, position: number, sink: ClientSink): Promise<Buffer[]> {
    const end = range.end + 1;
    const unverifiedEnd = Math.max(position, end - heldBack(end - range.start, this.#parts.sizes.tailBytes));
    const kept: Buffer[] = [];
    for (let next = this.#first ?? (await this.#next()); !next.done && !sink.gone; next = await this.#next()) {
      const now = part(next.value, this.#offset, position, unverifiedEnd);
      const later = part(next.value, this.#offset, unverifiedEnd, end);
      if (now.length > 0) await sink.write(now);
      if (later.length > 0) kept.push(Buffer.from(later));
      this.#offset += next.value.length;
    }
    return kept;
  }

  async #next(): Promise<IteratorResult<Buffer, void>> {
    this.#parts.live.add(this.#abort);
    try {
      return await this.#blocks.next();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#parts.failed(this.#request, error);
      throw error;
    }
  }
}

async function* chunks(
  request: BlobRequest,
  parts: FlightParts,
  signal: AbortSignal,
  remains: Remains | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const length = remains?.length ?? 0;
  if (remains !== undefined) yield* replay(remains, signal);
  const room = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  const landing = { room: () => room, enough: () => true };
  for await (const count of download(request, length, parts, signal, landing)) yield room.subarray(0, count);
}

async function* replay({ reader, length }: Remains, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (let position = 0; position < length;) {
    signal.throwIfAborted();
    const count = await readBlock(reader, buffer, position, length);
    position += count;
    yield buffer.subarray(0, count);
  }
}

/** What a block that starts at `offset` holds of the bytes [from, to). */
function part(block: Buffer, offset: number, from: number, to: number): Buffer {
  return block.subarray(Math.max(0, from - offset), Math.max(0, to - offset));
}
