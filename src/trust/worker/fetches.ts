import type { Transferable } from 'node:worker_threads';
import type { MetadataSource } from '../metadata-source.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { plainError } from './plain-error.ts';

type Post = (message: ToWorker, moved: readonly Transferable[]) => void;

/** The main thread's side of `FarSources`: fetches what the worker asks for, and hands the bytes over without a copy. */
export class Fetches {
  readonly #post: Post;
  readonly #now: () => number;
  readonly #sources: ReadonlyMap<string, MetadataSource>;
  readonly #running = new Map<number, AbortController>();

  /** @param post to the one worker that asks: its numbers mean nothing to another */
  constructor(sources: ReadonlyMap<string, MetadataSource>, post: Post, now: () => number) {
    this.#sources = sources;
    this.#post = post;
    this.#now = now;
  }

  async fetch({ id, collection, file, maxBytes }: Extract<FromWorker, { kind: 'fetch' }>): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const pieces = await this.#sources.get(collection)?.fetch(file, maxBytes, controller.signal);
      this.#handOver(id, pieces?.map(movable));
    } catch (error) {
      this.#post({ kind: 'no-file', id, now: this.#now(), error: plainError(error) }, []);
    } finally {
      this.#running.delete(id);
    }
  }

  abandon(id: number): void {
    this.#running.get(id)?.abort();
  }

  abandonAll(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  #handOver(id: number, pieces: readonly Uint8Array<ArrayBuffer>[] | undefined): void {
    this.#post(
      { kind: 'file', id, now: this.#now(), pieces },
      (pieces ?? []).map(({ buffer }) => buffer),
    );
  }
}

/** Small ones may lie in a buffer that is shared with others. */
function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
