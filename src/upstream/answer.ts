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

/** Until somebody reads so much is taken: an answer that fits gives its connection back, to the token that it asks for. */
const SMALL_BYTES = 64 * 1024;
const NOTHING = new Uint8Array();
const always = (): boolean => true;

/**
 * One answer as undici hands it over, and its body.
 *
 * Guarantee: bytes are copied into the reader's memory before undici gets its turn back. What finds no room is held where it
 * is, and the connection paused; it goes on only when all of that was taken. So a connection may read into the same
 * memory again and again (`largeReads`).
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
  #read = false;
  #filled = 0;
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
      this.#read = true;
      this.#reader = { into, enough, resolve, reject };
      if (this.#held.length > 0) this.#fill(this.#reader);
      if (this.#complete || this.#failed) this.#last();
      else if (this.#held.length === 0) this.#controller?.resume();
    });
  }

  destroy(why: Error = new TufgateError('internal', 'an answer was left before its end')): void {
    if (this.#complete || this.#failed) return;
    this.#held = NOTHING;
    this.#fail(why);
    this.#controller?.abort(why);
  }

  /** More than once, when undici asks again. */
  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#failed) controller.abort(this.#failed);
  }

  onResponseStart(_: Controller, status: number, headers: Headers): void {
    if (status >= 200) this.#begun({ status, headers });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    if (!this.#read && this.#held.length + chunk.length <= SMALL_BYTES) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    if (this.#reader !== undefined) this.#fill(this.#reader);
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

  #fill(reader: Reader): void {
    const room = reader.into.length - this.#filled;
    const now = this.#held.length > room ? this.#held.subarray(0, room) : this.#held;
    reader.into.set(now, this.#filled);
    this.#filled += now.length;
    this.#held = now === this.#held ? NOTHING : this.#held.subarray(room);
    if (now.length === room || reader.enough()) this.#give(reader);
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
