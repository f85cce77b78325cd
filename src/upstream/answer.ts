import type { Dispatcher } from 'undici';
import { TufgateError } from '../errors.ts';
import type { Incoming } from './registry.ts';

type Controller = Dispatcher.DispatchController;
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

export interface Head {
  readonly status: number;
  readonly headers: Headers;
}

interface Reader {
  readonly into: Uint8Array;
  readonly enough: () => boolean;
  readonly resolve: (count: number) => void;
  readonly reject: (why: Error) => void;
}

const SMALL_BYTES = 64 * 1024;
/** Gathered of a body whose length is announced, of small pieces: one that fits gives its connection back before it is read. */
const SIZED_STORE_BYTES = 2 * SMALL_BYTES;
/** Of one that comes in chunks: twice what a connection reads at once. */
const CHUNKED_STORE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array();
const always = (): boolean => true;

/**
 * One answer as undici hands it over, and its body.
 *
 * Guarantee: bytes are copied into the reader's memory before undici gets its turn back. What finds no room is held where it
 * is, and the connection paused; it goes on only when all of that was taken. So a connection may read into the same
 * memory again and again (`largeReads`).
 *
 * The attack: a body in chunks. A parser that is paused in the middle of what it was given gets the rest again, together with what
 * was read meanwhile: paused for each chunk, that grows without end, and is copied each time. So chunks are gathered, and pause it only
 * when there is more of them than can have been read meanwhile. A body of announced length is one piece a read: no rest.
 */
export class Answer implements Incoming, Dispatcher.DispatchHandler {
  readonly head: Promise<Head>;
  /** Resolves when nothing more will come of it. */
  readonly over: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  #begun!: (head: Head) => void;
  #refused!: (why: Error) => void;
  #ended!: () => void;
  #controller: Controller | undefined;
  #reader: Reader | undefined;
  #filled = 0;
  /** Gathered, and not yet read: the bytes [from, to). */
  readonly #store = { bytes: Buffer.of(), from: 0, to: 0 };
  #isSized = false;
  /** What came after that, where undici has it: then it is paused. */
  #held: Uint8Array = NOTHING;
  #complete = false;
  #failed: Error | undefined;

  /** @param signal ends it, at whatever point; its reason is what who waits is told */
  constructor(signal?: AbortSignal) {
    this.head = new Promise((resolve, reject) => ([this.#begun, this.#refused] = [resolve, reject]));
    this.over = new Promise((resolve) => (this.#ended = resolve));
    this.#signal = signal;
    if (signal?.aborted === true) this.#leave();
    else signal?.addEventListener('abort', this.#leave, { once: true });
  }

  read(into: Uint8Array, enough = always): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#reader = { into, enough, resolve, reject };
      this.#serve();
      if (this.#complete || this.#failed) this.#last();
      else if (this.#waiting === 0) this.#controller?.resume();
    });
  }

  destroy(why: Error = new TufgateError('internal', 'an answer was left before its end')): void {
    if (this.#complete || this.#failed) return;
    this.#held = NOTHING;
    this.#store.from = this.#store.to;
    this.#fail(why);
    this.#controller?.abort(why);
  }

  /** More than once, when undici asks again. */
  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#failed) controller.abort(this.#failed);
  }

  onResponseStart(_: Controller, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#isSized = headers['content-length'] !== undefined;
    this.#begun({ status, headers });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    this.#held = chunk;
    this.#serve();
    this.#gather();
    if (this.#held.length > 0) controller.pause();
  }

  onResponseEnd(): void {
    this.#complete = true;
    this.#close();
  }

  onResponseError(_: Controller, why: Error): void {
    if (this.#failed === undefined) this.#fail(why);
  }

  readonly #leave = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.destroy(reason instanceof Error ? reason : new Error(String(reason)));
  };

  #fail(why: Error): void {
    this.#failed = why;
    this.#refused(why);
    this.#close();
  }

  #close(): void {
    this.#signal?.removeEventListener('abort', this.#leave);
    this.#last();
    this.#ended();
  }

  get #waiting(): number {
    return this.#held.length + this.#store.to - this.#store.from;
  }

  /** Gives the reader what there is, the oldest first. */
  #serve(): void {
    const { bytes, from, to } = this.#store;
    if (from < to && this.#reader !== undefined) this.#store.from += this.#fill(this.#reader, bytes.subarray(from, to));
    if (this.#store.from < to || this.#held.length === 0 || this.#reader === undefined) return;
    this.#held = this.#held.subarray(this.#fill(this.#reader, this.#held));
  }

  #gather(): void {
    const { length } = this.#held;
    if (length === 0 || (this.#isSized && length > SMALL_BYTES)) return;
    const store = this.#store;
    if (store.from === store.to) store.from = store.to = 0;
    if (store.bytes.length === 0)
      store.bytes = Buffer.allocUnsafeSlow(this.#isSized ? SIZED_STORE_BYTES : CHUNKED_STORE_BYTES);
    if (length > store.bytes.length - store.to) return;
    store.bytes.set(this.#held, store.to);
    store.to += length;
    this.#held = NOTHING;
  }

  /** @returns how much of `bytes` had room */
  #fill(reader: Reader, bytes: Uint8Array): number {
    const room = reader.into.length - this.#filled;
    const now = bytes.length > room ? bytes.subarray(0, room) : bytes;
    reader.into.set(now, this.#filled);
    this.#filled += now.length;
    if (now.length === room || reader.enough()) this.#give(reader);
    return now.length;
  }

  #give({ resolve }: Reader): void {
    const count = this.#filled;
    this.#reader = undefined;
    this.#filled = 0;
    resolve(count);
  }

  /** What came before a failure is given first. */
  #last(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    if (this.#filled > 0 || this.#failed === undefined) this.#give(reader);
    else {
      this.#reader = undefined;
      reader.reject(this.#failed);
    }
  }
}
