import type { Writable } from 'node:stream';
import type { BlobReader } from '../../cache/blob-store.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { DirectDownload, type Remains } from './direct.ts';
import type { Flight } from './flight.ts';
import type { BlobReading, BlobRequest, ByteRange, FlightParts } from './request.ts';
import { ClientSink } from './client-sink.ts';
import { copyFile } from './copy-file.ts';

/** What the three ways to read a blob have in common: a sink for the time of the copy, and what follows a bad disk. */
export abstract class Reading implements BlobReading {
  abstract readonly warm: boolean;
  readonly isVerifiedFile: boolean = false;
  protected readonly request: BlobRequest;
  protected readonly parts: FlightParts;

  constructor(request: BlobRequest, parts: FlightParts) {
    this.request = request;
    this.parts = parts;
  }

  get size(): number {
    return this.request.size;
  }

  async copyTo(to: Writable, range: ByteRange, signal: AbortSignal): Promise<void> {
    const sink = new ClientSink(to, signal);
    try {
      await this.copy(range, sink);
    } finally {
      sink.release();
    }
  }

  abstract close(): Promise<void>;
  protected abstract copy(range: ByteRange, sink: ClientSink): Promise<void>;

  /**
   * Copies by way of files; when the disk fails before anything was sent, from the upstream instead. Later than that
   * nothing vouches for what was sent, so the answer is broken off, and the client asks again.
   */
  protected async copyByFile(
    range: ByteRange,
    sink: ClientSink,
    copy: (buffers: [Buffer, Buffer]) => Promise<void>,
  ): Promise<void> {
    const buffers = this.parts.buffers.lend(range.end + 1 - range.start);
    try {
      await this.unlessDiskFails(range, sink, () => copy(buffers));
    } finally {
      this.parts.buffers.giveBack(buffers, sink.idle);
    }
  }

  protected async unlessDiskFails(range: ByteRange, sink: ClientSink, copy: () => Promise<void>): Promise<void> {
    try {
      await copy();
    } catch (error) {
      if (codeOf(error) !== 'cache.failed') throw error;
      await this.diskFailed(error);
      if (sink.sent > 0) throw error;
      await this.sendDirect(range, range.start, sink);
    }
  }

  protected diskFailed(error: unknown): Promise<void> {
    this.parts.log.warn({ digest: this.request.digest, error: messageOf(error) }, 'a blob cannot be read back');
    return Promise.resolve();
  }

  protected async sendDirect(range: ByteRange, position: number, sink: ClientSink, remains?: Remains): Promise<void> {
    await new DirectDownload(this.request, this.parts, remains).send(range, position, sink);
  }
}

/** From the file that a flight fills. */
export class FlightReading extends Reading {
  readonly warm = false;
  readonly #flight: Flight;
  readonly #reader: BlobReader;
  #closed = false;

  constructor(request: BlobRequest, parts: FlightParts, flight: Flight, reader: BlobReader) {
    super(request, parts);
    this.#flight = flight;
    this.#reader = reader;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#flight.leave();
    await this.#reader.close();
  }

  protected override copy(range: ByteRange, sink: ClientSink): Promise<void> {
    return this.copyByFile(range, sink, async (buffers) => {
      let position = range.start;
      do {
        const limit = await this.#flight.limit(range, position, sink);
        if (limit === undefined) return this.#goOnAlone(range, position, sink);
        position = await copyFile(this.#reader, sink, buffers, position, limit);
      } while (position <= range.end && !sink.gone);
    });
  }

  #goOnAlone(range: ByteRange, position: number, sink: ClientSink): Promise<void> {
    return this.sendDirect(range, position, sink, { reader: this.#reader, length: this.#flight.written });
  }
}

/** From the upstream, past the cache. */
export class DirectReading extends Reading {
  readonly warm = false;
  #download: DirectDownload | undefined;

  private constructor(request: BlobRequest, parts: FlightParts, started: DirectDownload) {
    super(request, parts);
    this.#download = started;
  }

  /** Waits until the first byte can be sent. @throws integrity.*, upstream.* */
  static async open(request: BlobRequest, parts: FlightParts, signal?: AbortSignal): Promise<DirectReading> {
    const download = new DirectDownload(request, parts);
    await download.start(signal).catch(async (error: unknown) => {
      await download.close();
      throw error;
    });
    return new DirectReading(request, parts, download);
  }

  async close(): Promise<void> {
    await this.#download?.close();
    this.#download = undefined;
  }

  protected override async copy(range: ByteRange, sink: ClientSink): Promise<void> {
    const download = this.#download ?? new DirectDownload(this.request, this.parts);
    this.#download = undefined;
    await download.send(range, range.start, sink);
  }
}
