import type { BlobReader, BlobWriter } from '../../cache/blob-store.ts';
import { codeOf, messageOf, type TufgateError } from '../../errors.ts';
import { heldBack } from '../../verify/blob-verifier.ts';
import { Pace } from '../../verify/pace.ts';
import { VerifyingSpool } from '../../verify/verifying-spool.ts';
import { download } from './download.ts';
import type { BlobRequest, ByteRange, FlightParts } from './request.ts';
import type { ClientSink } from './client-sink.ts';

type State =
  | { readonly kind: 'fetching' }
  | { readonly kind: 'verified' }
  /** No file to follow (any more): who still wants the blob fetches it himself. */
  | { readonly kind: 'unspooled' }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * One fetch of one blob, for everybody: it fills a temporary file as fast as upstream and disk go, and its passengers
 * follow that file, each at his own speed, up to the safe offset.
 *
 * Guarantee: nobody is told of a byte past the safe offset; the file becomes a blob only by a good verdict; a bad one
 * fails all passengers. The commit comes after the verdict was told: nobody waits for the disk.
 */
export class Flight {
  readonly request: BlobRequest;
  readonly #parts: FlightParts;
  /** Called when new passengers must no longer join. */
  readonly #leaveTimetable: () => void;
  readonly #abort = new AbortController();
  readonly #waiting = new Set<() => void>();
  #state: State = { kind: 'fetching' };
  #spool: VerifyingSpool | undefined;
  #buffers: [Buffer, Buffer] | undefined;
  #received = 0;
  #passengers = 0;

  constructor(request: BlobRequest, parts: FlightParts, leaveTimetable: () => void) {
    this.request = request;
    this.#parts = parts;
    this.#leaveTimetable = leaveTimetable;
  }

  /** Bytes that can be read back from the file. */
  get written(): number {
    return this.#spool?.written ?? 0;
  }

  /** Resolves when all is over, the commit included. Never rejects. */
  async fly(): Promise<void> {
    this.#parts.live.add(this.#abort);
    try {
      const verified = await this.#fetch();
      // The verdict is there, or the file is gone: nobody writes or hashes any more.
      if (this.#buffers !== undefined) this.#parts.shared.giveBack(this.#buffers, true);
      if (verified !== undefined) await this.#commit(verified);
    } finally {
      this.#parts.live.delete(this.#abort);
      this.#leaveTimetable();
    }
  }

  /**
   * Waits until the first byte can be sent, or the flight is over.
   * @returns a reader of the file, to be ended with its `close` and `leave`; undefined when there is no file to follow
   * @throws integrity.*, upstream.*; the reason of `signal`
   */
  async board(signal?: AbortSignal): Promise<BlobReader | undefined> {
    this.#passengers += 1;
    let reader: BlobReader | undefined;
    try {
      while (this.#state.kind === 'fetching' && (this.#spool?.safe ?? 0) === 0) await this.#progress(signal);
      if (this.#state.kind === 'failed') throw this.#state.error;
      if (this.#state.kind !== 'unspooled') reader = await this.#reader();
      return reader;
    } finally {
      if (reader === undefined) this.leave();
    }
  }

  /** The last one to leave ends a fetch that is not worth finishing. */
  leave(): void {
    this.#passengers -= 1;
    if (this.#passengers > 0 || this.#state.kind !== 'fetching') return;
    const { size } = this.request;
    const { sizes, worthFinishing } = this.#parts;
    if (size <= sizes.smallBytes || this.#received > size * worthFinishing) return;
    this.#leaveTimetable();
    this.#abort.abort();
  }

  /** Nobody shall have this blob any more; what is verified already lands all the same. */
  end(why: TufgateError): void {
    if (this.#state.kind !== 'fetching') return;
    this.#leaveTimetable();
    this.#abort.abort(why);
  }

  /**
   * How far `range` may be sent by now; waits until that is past `position`, the client has gone, or all is verified.
   * Of a range, too, the last bytes wait for the verdict on the whole blob.
   * @returns undefined when the file ended and the reader must go on by himself
   * @throws integrity.*, upstream.*
   */
  async limit(range: ByteRange, position: number, sink: ClientSink): Promise<number | undefined> {
    const end = range.end + 1;
    const unverifiedEnd = end - heldBack(end - range.start, this.#parts.sizes.tailBytes);
    while (this.#state.kind === 'fetching' && !sink.gone) {
      const limit = Math.min(this.#spool?.safe ?? 0, unverifiedEnd);
      if (limit > position) return limit;
      await this.#progressOrGone(sink);
    }
    if (this.#state.kind === 'failed') throw this.#state.error;
    if (this.#state.kind === 'unspooled') return undefined;
    return this.#state.kind === 'verified' ? end : position;
  }

  /** @returns the file when it holds the whole blob, verified */
  async #fetch(): Promise<VerifyingSpool | undefined> {
    try {
      const spool = (this.#spool = await this.#createSpool());
      if (spool === undefined) {
        this.#end({ kind: 'unspooled' });
        return undefined;
      }
      for await (const count of download(this.request, 0, this.#parts, this.#abort.signal, spool)) {
        this.#received += count;
        spool.take(count);
      }
      await spool.finish();
      this.#tell({ kind: 'verified' });
      return spool;
    } catch (error) {
      await this.#fetchFailed(error);
      return undefined;
    }
  }

  async #fetchFailed(error: unknown): Promise<void> {
    if (codeOf(error) === 'cache.failed') {
      this.#parts.log.warn({ digest: this.request.digest, error: messageOf(error) }, 'a blob goes uncached');
      this.#end({ kind: 'unspooled' });
    } else {
      this.#end({ kind: 'failed', error });
      if (!this.#abort.signal.aborted) this.#parts.failed(this.request, error);
    }
    await this.#spool?.abort().catch(() => undefined); // what stays is temporary: the next start removes it
  }

  async #createSpool(): Promise<VerifyingSpool | undefined> {
    const { digest, size } = this.request;
    const writer = await this.#parts.store.create(digest, size);
    if (writer === undefined) return undefined;
    try {
      return this.#spoolOn(writer);
    } catch (error) {
      await writer.abort().catch(() => undefined); // what stays is temporary: the next start removes it
      throw error;
    }
  }

  #spoolOn(writer: BlobWriter): VerifyingSpool {
    const { size } = this.request;
    const { sizes, now, hashing, shared } = this.#parts;
    this.#buffers = shared.lend(size);
    return new VerifyingSpool(writer, this.request, {
      hashing,
      buffers: this.#buffers,
      tailBytes: sizes.tailBytes,
      pace: Pace.firstAtOnce(now),
      onProgress: () => this.#wake(),
    });
  }

  async #commit(spool: VerifyingSpool): Promise<void> {
    try {
      await spool.commit();
      this.#parts.stuck.forget(this.request.digest);
    } catch (error) {
      this.#parts.log.warn({ digest: this.request.digest, error: messageOf(error) }, 'a verified blob was not kept');
    }
  }

  async #reader(): Promise<BlobReader | undefined> {
    try {
      return await this.#spool?.reader();
    } catch {
      return undefined;
    }
  }

  /** Ends it for newcomers first, so that nobody joins what is over. */
  #end(state: State): void {
    this.#leaveTimetable();
    this.#tell(state);
  }

  #tell(state: State): void {
    this.#state = state;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  #progress(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(goOn);
        reject(signal?.reason as Error);
      };
      const goOn = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(goOn);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #progressOrGone(sink: ClientSink): Promise<void> {
    return new Promise((resolve) => {
      const goOn = (): void => {
        this.#waiting.delete(goOn);
        deaf();
        resolve();
      };
      this.#waiting.add(goOn);
      let deaf = (): void => undefined;
      deaf = sink.onGone(goOn);
    });
  }
}
