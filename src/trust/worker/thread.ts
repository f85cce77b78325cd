import { Worker } from 'node:worker_threads';
import { messageOf, TufgateError } from '../../errors.ts';
import type { Asked } from '../asked.ts';
import type { Opened } from '../collection.ts';
import { collectionKey } from '../collection-name.ts';
import type { LargeCollections } from '../collections.ts';
import type { MetadataSource } from '../metadata-source.ts';
import type { TrustEvent } from '../trust-event.ts';
import { Fetches } from './fetches.ts';
import {
  type FromWorker,
  type PlainOpened,
  plainOpened,
  type Replies,
  type Request,
  type ToWorker,
  type WorkerSettings,
} from './messages.ts';
import { revived } from './plain-error.ts';
import { revivedEvent } from './plain-event.ts';

export interface TrustThreadOptions {
  readonly settings: WorkerSettings;
  readonly now: () => number;
  readonly on: (event: TrustEvent) => void;
  /** The worker ended by itself; it is started again by the next question. */
  readonly onDeath: (why: TufgateError) => void;
  /** The worker's file; tests bring one that can read TypeScript. */
  readonly entry?: URL | undefined;
}

interface Waiting {
  readonly opened: PlainOpened;
  readonly request: Request;
  readonly stamp: string | undefined;
  readonly tries: number;
  resolve(reply: Replies[Request['kind']]): void;
  reject(error: Error): void;
}

/** About a thousand tags: parsed and verified in some 20 ms. */
const LARGE_BYTES = 256 * 1024;
/** A question that ends the worker twice is not asked a third time. */
const MAX_TRIES = 2;
const CLOSE_MS = 2_000;

/**
 * The large collections, on one thread of their own, which is started when the first is met. This thread never parses,
 * hashes or copies a large file: it fetches the bytes, hands them over and passes small questions and answers on. Should
 * the worker die, memory having run out perhaps, what waits is asked once more of a new one, which goes on from the
 * database.
 */
export class TrustThread implements LargeCollections {
  readonly fromBytes = LARGE_BYTES;
  readonly #options: TrustThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** By collection: what the worker asks for is fetched from these. */
  readonly #sources = new Map<string, MetadataSource>();
  #worker: Worker | undefined;
  #asked = 0;
  #closed = false;

  constructor(options: TrustThreadOptions) {
    this.#options = options;
  }

  open(opened: Opened): Asked {
    const plain = plainOpened(opened);
    this.#sources.set(collectionKey(plain), opened.metadata);
    return {
      bytes: 0,
      isKnown: true,
      ask: (question) => this.#put<'ask'>(plain, { kind: 'ask', question }),
      naming: (digests, prefix) => this.#put<'naming'>(plain, { kind: 'naming', digests, prefix }),
      standings: (names) => this.#put<'standings'>(plain, { kind: 'standings', names }),
      names: (prefix) => this.#put<'names'>(plain, { kind: 'names', prefix }),
      refreshOlderThan: (olderThanMs) =>
        this.#put<'refresh'>(plain, { kind: 'refresh', olderThanMs }).catch(() => undefined),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const hung = setTimeout(() => void worker.terminate(), CLOSE_MS);
    worker.postMessage({ kind: 'close' } satisfies ToWorker);
    await ended;
    clearTimeout(hung);
  }

  /** The worker answers each kind of request with its own kind of reply. */
  async #put<K extends Request['kind']>(
    opened: PlainOpened,
    request: Extract<Request, { kind: K }>,
  ): Promise<Replies[K]> {
    const stamp = await this.#sources.get(collectionKey(opened))?.stamp?.();
    return await new Promise((resolve, reject) => {
      const done = (reply: Replies[Request['kind']]): void => resolve(reply as Replies[K]);
      this.#send({ opened, request, stamp, tries: 1, resolve: done, reject });
    });
  }

  #send(waiting: Waiting): void {
    if (this.#closed) {
      waiting.reject(ended('it was closed'));
      return;
    }
    const id = this.#asked++;
    const { opened, request, stamp } = waiting;
    this.#waiting.set(id, waiting);
    this.#worker ??= this.#start();
    const now = this.#options.now();
    this.#worker.postMessage({ kind: 'request', id, now, opened, request, stamp } satisfies ToWorker);
  }

  #start(): Worker {
    const { settings, now, entry = new URL('./entry.js', import.meta.url) } = this.#options;
    const worker = new Worker(entry, { workerData: settings });
    const fetches = new Fetches(this.#sources, (message, moved) => worker.postMessage(message, moved), now);
    let why = 'it was ended';
    worker.on('message', (message: FromWorker) => this.#take(message, fetches));
    worker.on('error', (error) => (why = messageOf(error)));
    worker.once('exit', () => {
      fetches.abandonAll();
      this.#ended(ended(why));
    });
    return worker;
  }

  #take(message: FromWorker, fetches: Fetches): void {
    switch (message.kind) {
      case 'reply':
        this.#answered(message.id)?.resolve(message.reply);
        break;
      case 'error':
        this.#answered(message.id)?.reject(revived(message.error));
        break;
      case 'fetch':
        void fetches.fetch(message);
        break;
      case 'abandon':
        fetches.abandon(message.id);
        break;
      case 'event':
        this.#options.on(revivedEvent(message.event));
        break;
    }
  }

  #answered(id: number): Waiting | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    return found;
  }

  #ended(why: TufgateError): void {
    this.#worker = undefined;
    if (!this.#closed) this.#options.onDeath(why);
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of left) {
      if (this.#closed || waiting.tries >= MAX_TRIES) waiting.reject(why);
      else this.#send({ ...waiting, tries: waiting.tries + 1 });
    }
  }
}

function ended(why: string): TufgateError {
  return new TufgateError('internal', `the thread that holds large collections has ended: ${why}`);
}
