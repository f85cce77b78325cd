import type { Writable } from 'node:stream';
import type { BlobReader } from '../../cache/blob-store.ts';
import { codeOf } from '../../errors.ts';
import { BlobVerifier } from '../../verify/blob-verifier.ts';
import { damagedCopy } from '../../verify/mismatch.ts';
import { putAside } from './check-cached.ts';
import type { Checks } from './checks.ts';
import type { ClientSink } from './client-sink.ts';
import { copyFile } from './copy-file.ts';
import { copyHashed } from './copy-hashed.ts';
import { Reading } from './readings.ts';
import type { BlobReading, BlobRequest, ByteRange, FlightParts } from './request.ts';

/** From the cache, as the file is. */
export class WarmReading extends Reading {
  readonly warm = true;
  override readonly isVerifiedFile: boolean = true;
  protected readonly reader: BlobReader;

  constructor(request: BlobRequest, parts: FlightParts, reader: BlobReader) {
    super(request, parts);
    this.reader = reader;
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  protected override copy(range: ByteRange, sink: ClientSink): Promise<void> {
    return this.copyByFile(range, sink, async (buffers) => {
      await copyFile(this.reader, sink, buffers, range.start, range.end + 1);
    });
  }

  /** The next one is to find a miss, not the same bad sectors; a fresh copy that has come in their place stays. */
  protected override async diskFailed(error: unknown): Promise<void> {
    await super.diskFailed(error);
    await this.parts.store
      .quarantine(this.request.digest, this.reader)
      .catch(() => this.parts.stuck.remember(this.request.digest));
  }
}

/** From memory: a small cached blob that was hashed just now. */
export class HeldReading extends Reading {
  readonly warm = true;
  readonly #bytes: Buffer;
  readonly #closed: () => void;
  #open = true;

  /** @param closed called once */
  constructor(request: BlobRequest, parts: FlightParts, bytes: Buffer, closed: () => void) {
    super(request, parts);
    this.#bytes = bytes;
    this.#closed = closed;
  }

  close(): Promise<void> {
    if (this.#open) this.#closed();
    this.#open = false;
    return Promise.resolve();
  }

  protected override async copy({ start, end }: ByteRange, sink: ClientSink): Promise<void> {
    if (start <= end) await sink.write(this.#bytes.subarray(start, end + 1));
  }
}

/** What a part of one blob needs of the cache. */
interface CacheToAsk {
  readonly checks: Checks;
  /** The file as it is by now. */
  readonly lookUp: () => Promise<BlobReader | undefined>;
  /** Past the cache: what is damaged may still lie there. */
  readonly miss: (signal: AbortSignal) => Promise<BlobReading>;
}

/**
 * From the cache, hashed for this answer. The whole of it is sent while it is hashed, its last bytes after the verdict: what is
 * wrong breaks the answer off, and the next request fetches it anew. For a part the whole file is hashed first, once for all who
 * ask for parts at the same time: it takes no longer than hashing it meanwhile, since the part's end had to wait for it.
 */
export class HashedReading extends WarmReading {
  override readonly isVerifiedFile = false;
  readonly #checks: Checks;
  readonly #lookUp: () => Promise<BlobReader | undefined>;
  readonly #miss: (signal: AbortSignal) => Promise<BlobReading>;

  constructor(request: BlobRequest, parts: FlightParts, reader: BlobReader, cache: CacheToAsk) {
    super(request, parts, reader);
    this.#checks = cache.checks;
    this.#lookUp = cache.lookUp;
    this.#miss = cache.miss;
  }

  override async copyTo(to: Writable, range: ByteRange, signal: AbortSignal): Promise<void> {
    if (range.start === 0 && range.end === this.size - 1) {
      await super.copyTo(to, range, signal);
      return;
    }
    const right = await this.#right(signal);
    if (right === undefined && signal.aborted) return;
    const other = right ?? (await this.#miss(signal));
    await other.copyTo(to, range, signal).finally(() => other.close());
  }

  /** Only of the whole. */
  protected override copy(range: ByteRange, sink: ClientSink): Promise<void> {
    return this.unlessDiskFails(range, sink, () => this.#copyHashed(sink));
  }

  async #copyHashed(sink: ClientSink): Promise<void> {
    const { hashing, shared, sizes } = this.parts;
    const { digest, size } = this.request;
    const verifier = new BlobVerifier(digest, size, { hashing, wrong: damagedCopy });
    const buffers = shared.lend(size);
    try {
      await copyHashed(this.reader, sink, buffers, verifier, sizes.tailBytes);
    } catch (error) {
      if (codeOf(error) === 'integrity.digest') await putAside(this.parts, this.request, this.reader, error);
      throw error;
    } finally {
      sink.onIdle(() => shared.giveBack(buffers, true));
    }
  }

  /**
   * The file that was found right, opened after it was: ours may be an older one, which somebody else has put aside while the
   * check waited for its turn. What came in its place since is a verified one, or not `unchanged`.
   */
  async #right(signal: AbortSignal): Promise<BlobReading | undefined> {
    try {
      if ((await this.#checks.check(this.request, signal)) !== 'right') return undefined;
    } catch (error) {
      if (!signal.aborted) throw error;
      return undefined;
    }
    const reader = await this.#lookUp();
    if (reader === undefined || reader.unchanged) return reader && new WarmReading(this.request, this.parts, reader);
    await reader.close();
    return undefined;
  }
}
