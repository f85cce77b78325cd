import { createHash, type Hash } from 'node:crypto';
import type { Algorithm } from '../oci/digest.ts';
import type { Hashing, RunningHash } from './hashing.ts';

/** On the thread that asks, at once. */
export const inlineHashing: Hashing = {
  memory: (bytes) => Buffer.alloc(bytes),
  begin: (algorithm) => new InlineHash(algorithm),
  close: () => Promise.resolve(),
};

const DONE = Promise.resolve();

export class InlineHash implements RunningHash {
  readonly #hash: Hash;

  constructor(algorithm: Algorithm) {
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    return DONE;
  }

  finish(): Promise<string> {
    return Promise.resolve(this.#hash.digest('hex'));
  }

  drop(): void {
    // Nothing is held but memory.
  }
}
