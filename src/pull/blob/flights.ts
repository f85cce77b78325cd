import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobStore } from '../../cache/blob-store.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { TAIL_BYTES } from '../../verify/blob-verifier.ts';
import type { Hashing } from '../../verify/hashing.ts';
import { inlineHashing } from '../../verify/inline-hashing.ts';
import { BadBlobs } from './bad-blobs.ts';
import { CachedBlobs } from './cached-blobs.ts';
import { Flight } from './flight.ts';
import { DirectReading, FlightReading } from './readings.ts';
import {
  type BlobReading,
  type BlobRequest,
  type DamageEvent,
  type FetchEvent,
  type FlightLog,
  type FlightParts,
  type IntegrityEvent,
  isIntegrity,
  keyOf,
  originOf,
  type Sizes,
  type VerifyReads,
} from './request.ts';
import { type BufferTier, ReadBuffers } from './read-buffers.ts';
import { stopping } from './stopping.ts';
import { StuckCopies } from './stuck-copies.ts';

export type {
  BlobReading,
  BlobRequest,
  ByteRange,
  DamageEvent,
  FetchEvent,
  FlightLog,
  IntegrityEvent,
} from './request.ts';

export interface BlobFlightsOptions {
  readonly store: BlobStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly onIntegrity?: (event: IntegrityEvent) => void;
  readonly onFetch?: (event: FetchEvent) => void;
  readonly onDamaged?: (event: DamageEvent) => void;
  /** `changed` unless given. */
  readonly verifyReads?: VerifyReads;
  /** Share of a blob: once more was fetched, the rest is fetched too, although nobody waits; a tenth unless given. */
  readonly finishDownloads?: number;
  /** Here unless given. Whoever made it closes it. */
  readonly hashing?: Hashing;
  readonly log?: FlightLog;
  /** Waits so many milliseconds before a broken download goes on; in real time unless given. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 to below 1; of the platform unless given. */
  readonly random?: () => number;
  /** How long a bad digest is refused without another download. */
  readonly rememberBadMs?: number;
  readonly sizes?: Partial<Sizes>;
}

const SIZES: Sizes = {
  tailBytes: TAIL_BYTES,
  spoolBytes: 1024 * 1024,
  readBytes: 2 * 1024 * 1024,
  smallBytes: 4 * 1024 * 1024,
  heldBytes: 1024 * 1024,
  allHeldBytes: 16 * 1024 * 1024,
};
const WORTH_FINISHING = 0.1;

/** 24 MiB at most: 2 readers have large buffers, 16 more a quarter of them, all others small ones. */
function plainTiers({ readBytes }: Sizes): BufferTier[] {
  return [
    { bytes: readBytes, maxLent: 4, maxKept: 4 },
    { bytes: readBytes / 4, maxLent: 32, maxKept: 16 },
  ];
}

/** 32 MiB at most, all of it kept. */
function sharedTiers({ spoolBytes }: Sizes): BufferTier[] {
  return [
    { bytes: spoolBytes, maxLent: 16, maxKept: 16 },
    { bytes: spoolBytes / 4, maxLent: 64, maxKept: 64 },
  ];
}

/**
 * Every blob that goes to a client goes through here: from the cache, from a fetch that is under way, or from a new one.
 *
 * Guarantees: one upstream fetch a digest and origin, however many ask; no response completes before its blob was
 * verified; a slow or vanished client slows nobody; memory is bounded by buffers of fixed size; a disk that fails costs
 * the cache, not the pull.
 *
 * Rejected: streaming the first client's download to it and letting the others wait or fetch for themselves (one
 * slow first client is then everybody's speed, eight cold pulls are nine downloads). One fetch for all origins that
 * name a digest: a repository that is merely allowed could stall, drip or spoil the layer of an approved one whose own
 * upstream is well, and a deadline for standstill stops the first only. The price: a layer that two repositories share
 * is fetched twice when both are pulled cold at the same moment; once one has landed, both read it from the cache.
 */
export class BlobFlights {
  readonly #parts: FlightParts;
  readonly #bad: BadBlobs;
  readonly #cached: CachedBlobs;
  readonly #onIntegrity: (event: IntegrityEvent) => void;
  /** By digest, size and origin: who names another size, or another place, must not join, or break, the right one. */
  readonly #timetable = new Map<string, Flight>();
  readonly #flying = new Map<Flight, Promise<void>>();
  #landings = 0;
  #closed = false;

  constructor(options: BlobFlightsOptions) {
    const sizes = { ...SIZES, ...options.sizes };
    const hashing = options.hashing ?? inlineHashing;
    this.#bad = new BadBlobs(options.now, options.rememberBadMs ?? 30_000);
    this.#onIntegrity = options.onIntegrity ?? (() => undefined);
    this.#parts = {
      store: options.store,
      now: options.now,
      random: options.random ?? Math.random,
      delay: options.delay ?? inRealTime,
      sizes,
      buffers: new ReadBuffers(plainTiers(sizes)),
      shared: new ReadBuffers(sharedTiers(sizes), (bytes) => hashing.memory(bytes)),
      hashing,
      worthFinishing: options.finishDownloads ?? WORTH_FINISHING,
      live: new Set(),
      fetching: options.onFetch ?? (() => undefined),
      failed: (request, error) => this.#failed(request, error),
      damaged: options.onDamaged ?? (() => undefined),
      log: options.log ?? { warn: () => undefined },
      stuck: new StuckCopies(),
    };
    this.#cached = new CachedBlobs(this.#parts, options.verifyReads ?? 'changed', async (request, signal) => {
      const key = keyOf(request);
      return await this.#board(request, this.#timetable.get(key) ?? this.#start(key, request), signal);
    });
  }

  /**
   * Warm: from the store. Cold: joins the fetch under way, or starts one. Resolves once the first byte can be sent, so
   * that what fails before can still be answered with a status.
   * @param signal the client's: ends the waiting
   * @throws integrity.*, upstream.*
   */
  async open(request: BlobRequest, signal?: AbortSignal): Promise<BlobReading> {
    const found = await this.#find(request, signal);
    return found instanceof Flight ? await this.#board(request, found, signal) : found;
  }

  /** Breaks off every fetch and waits until all are put away, commits included. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const abort of this.#parts.live) abort.abort(stopping());
    await Promise.all([this.#cached.close(stopping()), ...this.#flying.values()]);
  }

  /**
   * Breaks off every fetch of these blobs; resolves when all are put away, one that was about to land included.
   * @param why what those are told who follow one
   */
  async end(digests: ReadonlySet<Digest>, why: TufgateError): Promise<void> {
    const mine = [...this.#flying].filter(([{ request }]) => digests.has(request.digest));
    for (const [flight] of mine) flight.end(why);
    await Promise.all(mine.map(([, flying]) => flying));
  }

  async #board(request: BlobRequest, flight: Flight, signal: AbortSignal | undefined): Promise<BlobReading> {
    const reader = await flight.board(signal);
    if (reader !== undefined) return new FlightReading(request, this.#parts, flight, reader);
    return await DirectReading.open(request, this.#parts, signal);
  }

  async #find(request: BlobRequest, signal: AbortSignal | undefined): Promise<BlobReading | Flight> {
    const key = keyOf(request);
    for (;;) {
      if (this.#closed) throw stopping();
      const landings = this.#landings;
      const under = this.#timetable.get(key);
      if (under !== undefined) return under;
      const cached = await this.#cached.open(request, signal);
      if (cached !== undefined) return cached;
      // Between the look-up and now a flight may have started, or landed: then look again, or it is fetched twice.
      if (landings === this.#landings && !this.#timetable.has(key)) return this.#start(key, request);
    }
  }

  /** @throws integrity.* when this origin lied about this blob a moment ago */
  #start(key: string, request: BlobRequest): Flight {
    if (this.#closed) throw stopping();
    this.#bad.check(request);
    const flight = new Flight(request, this.#parts, () => {
      if (this.#timetable.get(key) !== flight) return;
      this.#timetable.delete(key);
      this.#landings += 1;
    });
    this.#timetable.set(key, flight);
    const flying = flight
      .fly()
      .catch((error: unknown) => this.#parts.log.warn({ error: messageOf(error) }, 'a fetch ended badly'))
      .finally(() => this.#flying.delete(flight));
    this.#flying.set(flight, flying);
    return flight;
  }

  #failed(request: BlobRequest, error: unknown): void {
    if (!(error instanceof TufgateError) || !isIntegrity(error)) return;
    this.#bad.remember(request, error);
    const { digest, size } = request;
    const reason = codeOf(error) as IntegrityEvent['reason'];
    this.#onIntegrity({ digest, size, origin: originOf(request), reason, message: error.message });
  }
}

async function inRealTime(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
