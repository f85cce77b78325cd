import type { Algorithm } from '../oci/digest.ts';

/**
 * Where blobs are hashed: here (`inlineHashing`) or on a thread beside (`HashThread`). Both pass `test/contract/hashing.ts`.
 */
export interface Hashing {
  /**
   * Memory that can be hashed without being copied first. Zeroes. Not for what comes and goes: shared memory costs the engine
   * nothing that it knows of, and so it is collected when it is much too late.
   */
  memory(bytes: number): Buffer;
  /** @param size bytes that will come: little is hashed at once, wherever the rest is */
  begin(algorithm: Algorithm, size: number): RunningHash;
  /** What runs still fails. */
  close(): Promise<void>;
}

export interface RunningHash {
  /**
   * The next bytes; need not be waited for before those after them are given. Resolves when `bytes` may be overwritten.
   * @throws internal: the thread has ended; what was hashed is lost
   */
  update(bytes: Uint8Array): Promise<void>;
  /** In hex, of all bytes given. Once, and the last call. @throws internal, as above */
  finish(): Promise<string>;
  /** Instead of `finish`: nobody wants to know any more. */
  drop(): void;
}
