import type { Digest } from '../oci/digest.ts';

/** Runs `task` once after `ms`; the answer cancels it. */
type Schedule = (task: () => void, ms: number) => () => void;

/** Between our answer and the web server's opening the file there is a round trip on one machine, and a queue there. */
const HOLD_MS = 10_000;
/** Each is an open file. */
const MOST = 256;

interface Held {
  close(): Promise<void>;
}

/**
 * Blobs that were handed off a moment ago, kept open so that eviction spares them until the web server has opened them itself. Only a
 * comfort: who comes too late for a file asks again, and gets it streamed. A withdrawn blob is taken away all the same.
 */
export class HeldBlobs {
  readonly #schedule: Schedule;
  readonly #onFault: (error: unknown) => void;
  /** The one that was handed off last comes last. */
  readonly #held = new Map<Digest, { readonly blob: Held; readonly cancel: () => void }>();

  constructor(schedule: Schedule, onFault: (error: unknown) => void) {
    this.#schedule = schedule;
    this.#onFault = onFault;
  }

  /** Closes it after some seconds, or when too many others came after it. */
  hold(digest: Digest, blob: Held): void {
    this.#letGo(digest);
    for (const oldest of this.#held.keys()) if (this.#held.size >= MOST) this.#letGo(oldest);
    const cancel = this.#schedule(() => this.#letGo(digest), HOLD_MS);
    this.#held.set(digest, { blob, cancel });
  }

  close(): void {
    for (const digest of [...this.#held.keys()]) this.#letGo(digest);
  }

  #letGo(digest: Digest): void {
    const held = this.#held.get(digest);
    if (held === undefined) return;
    this.#held.delete(digest);
    held.cancel();
    held.blob.close().catch(this.#onFault);
  }
}
