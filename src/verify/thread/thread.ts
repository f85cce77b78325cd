import { Worker } from 'node:worker_threads';
import { messageOf, TufgateError } from '../../errors.ts';
import type { Algorithm } from '../../oci/digest.ts';
import type { Hashing, RunningHash } from '../hashing.ts';
import { InlineHash } from '../inline-hashing.ts';
import type { FromHasher, ToHasher } from './messages.ts';

export interface HashThreadOptions {
  /** The thread ended by itself. */
  readonly onDeath: (why: TufgateError) => void;
  /** The thread's file; tests bring one that can read TypeScript. */
  readonly entry?: URL | undefined;
}

/** Below this a message there and back costs more than the hash. */
const SMALL_BYTES = 1024 * 1024;
/** One that dies more often is not started again: from then on everything is hashed here, slower. */
const MAX_DEATHS = 3;

/**
 * One thread that hashes what this one is sending or writing at the same time: the bytes are shared, and neither waits for
 * the other before both are done with a buffer. It is started when the first large blob comes.
 *
 * Guarantee: nobody waits for ever. When the thread dies, all that ran on it fails with `internal`; the next hash begins on a new
 * one, and after three deaths here. A result is never made up: what was lost must be hashed again from the start.
 *
 * Rejected: a ring of shared memory with `Atomics.wait`, which was not faster with blocks of a MiB than messages are.
 */
export class HashThread implements Hashing {
  readonly #options: HashThreadOptions;
  readonly #running = new Map<number, ThreadHash>();
  #worker: Worker | undefined;
  #begun = 0;
  #deaths = 0;
  #closed = false;

  constructor(options: HashThreadOptions) {
    this.#options = options;
  }

  memory(bytes: number): Buffer {
    return Buffer.from(new SharedArrayBuffer(bytes));
  }

  begin(algorithm: Algorithm, size: number): RunningHash {
    if (size < SMALL_BYTES || this.#deaths >= MAX_DEATHS) return new InlineHash(algorithm);
    const id = this.#begun++;
    const post = this.#post(id);
    if (post === undefined) return new InlineHash(algorithm);
    const hash = new ThreadHash(id, post, () => this.#running.delete(id));
    if (this.#closed) hash.fail(ended('it was closed'));
    else this.#running.set(id, hash);
    post({ kind: 'begin', id, algorithm });
    return hash;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /** To the thread that it began on: one that came later knows nothing of it. Undefined when none could be started. */
  #post(id: number): ((message: ToHasher) => void) | undefined {
    if (this.#closed) return () => undefined;
    const worker = (this.#worker ??= this.#start());
    return worker && ((message) => this.#running.has(id) && worker.postMessage(message));
  }

  /** @returns undefined when there can be none, no memory or too many threads, say: a death like any other */
  #start(): Worker | undefined {
    try {
      return this.#watched(new Worker(this.#options.entry ?? new URL('./entry.js', import.meta.url)));
    } catch (error) {
      this.#ended(ended(messageOf(error)));
      return undefined;
    }
  }

  #watched(worker: Worker): Worker {
    worker.unref();
    let why = 'it was ended';
    worker.on('message', (message: FromHasher) => this.#running.get(message.id)?.take(message));
    worker.on('error', (error) => (why = messageOf(error)));
    worker.once('exit', () => this.#ended(ended(why)));
    return worker;
  }

  #ended(why: TufgateError): void {
    this.#worker = undefined;
    if (!this.#closed) {
      this.#deaths += 1;
      this.#options.onDeath(why);
    }
    const left = [...this.#running.values()];
    this.#running.clear();
    for (const hash of left) hash.fail(why);
  }
}

class ThreadHash implements RunningHash {
  readonly #id: number;
  readonly #post: (message: ToHasher) => void;
  readonly #over: () => void;
  /** Of updates, in order; the thread answers in this order. */
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #finished: { resolve: (hex: string) => void; reject: (error: Error) => void } | undefined;
  #failed: TufgateError | undefined;
  #dropped = false;

  constructor(id: number, post: (message: ToHasher) => void, over: () => void) {
    this.#id = id;
    this.#post = post;
    this.#over = over;
  }

  update(bytes: Uint8Array): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#post({ kind: 'update', id: this.#id, bytes });
    });
  }

  finish(): Promise<string> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#finished = { resolve, reject };
      this.#post({ kind: 'finish', id: this.#id });
    });
  }

  /** Updates under way still resolve: their bytes are being read. */
  drop(): void {
    if (this.#failed) return;
    this.#post({ kind: 'drop', id: this.#id });
    this.#dropped = true;
    if (this.#waiting.length === 0) this.#over();
  }

  take(message: FromHasher): void {
    if (message.kind === 'done') this.#waiting.shift()?.resolve();
    else this.#finished?.resolve(message.hex);
    if (message.kind === 'digest' || (this.#dropped && this.#waiting.length === 0)) this.#over();
  }

  fail(why: TufgateError): void {
    this.#failed = why;
    for (const { reject } of this.#waiting.splice(0)) reject(why);
    this.#finished?.reject(why);
  }
}

function ended(why: string): TufgateError {
  return new TufgateError('internal', `the thread that hashes blobs has ended: ${why}. Pull again.`);
}
