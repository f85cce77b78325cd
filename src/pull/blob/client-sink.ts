import type { Writable } from 'node:stream';

/**
 * The client's side of a copy: writes one buffer at a time and notices when the client has gone, also when a write's
 * callback never comes (a response that waits behind another on its connection loses it without a word).
 */
export class ClientSink {
  readonly #to: Writable;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();
  readonly #whenIdle = new Set<() => void>();
  #gone: boolean;
  #sent = 0;
  #underWay = 0;

  constructor(to: Writable, signal: AbortSignal) {
    this.#to = to;
    this.#signal = signal;
    this.#gone = signal.aborted || to.destroyed || to.closed;
    to.once('close', this.#leave).on('error', this.#leave);
    signal.addEventListener('abort', this.#leave, { once: true });
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Bytes that were or may have been sent. */
  get sent(): number {
    return this.#sent;
  }

  /** False while a buffer given to `write` may still be read. */
  get idle(): boolean {
    return this.#underWay === 0;
  }

  /**
   * Calls back once when nothing reads from a buffer given to `write` any more, at once or when the socket has let go. A response
   * that never got its turn on its connection has nothing that reads for it.
   */
  onIdle(listener: () => void): void {
    if (this.idle || ('socket' in this.#to && this.#to.socket === null)) listener();
    else this.#whenIdle.add(listener);
  }

  /** Calls back once when the client leaves; @returns how to stop listening */
  onGone(listener: () => void): () => void {
    if (this.#gone) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when `bytes` may be reused, or when the client has gone. Never rejects. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#gone) return Promise.resolve();
    this.#sent += bytes.length;
    this.#underWay += 1;
    return new Promise((resolve) => {
      const deaf = this.onGone(resolve);
      this.#to.write(bytes, (error) => {
        this.#underWay -= 1;
        if (this.idle) this.#letGo();
        deaf();
        if (error) this.#leave();
        resolve();
      });
    });
  }

  #letGo(): void {
    const listeners = [...this.#whenIdle];
    this.#whenIdle.clear();
    for (const listener of listeners) listener();
  }

  release(): void {
    this.#to.off('close', this.#leave).off('error', this.#leave);
    this.#signal.removeEventListener('abort', this.#leave);
  }

  readonly #leave = (): void => {
    this.#gone = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  };
}
