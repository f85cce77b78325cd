import { createHash, type Hash } from 'node:crypto';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { wrongDigest, wrongLength } from './mismatch.ts';

/** How much of a blob's end is kept from clients until all of it was verified. */
export const TAIL_BYTES = 256 * 1024;

/**
 * How many of the last `length` bytes of an answer wait for the verdict: never none, so that no response completes
 * unverified; not all of a large one, so that clients which give up without progress do not.
 */
export function heldBack(length: number, tail: number = TAIL_BYTES): number {
  return Math.min(length, Math.max(1, tail));
}

/**
 * Hashes and counts a blob while it passes, in whatever pieces it comes.
 *
 * Guarantee: `verified` is true only after exactly `size` bytes with this digest went through. The attack: an upstream
 * (or whoever sits before it) sends other bytes, fewer, or more; more is refused before the surplus is taken.
 */
export class BlobVerifier {
  readonly digest: Digest;
  /** Bytes, from the verified manifest. */
  readonly size: number;
  readonly #hash: Hash;
  #received = 0;
  #verified = false;

  constructor(digest: Digest, size: number) {
    this.digest = digest;
    this.size = size;
    this.#hash = createHash(algorithmOf(digest));
  }

  get verified(): boolean {
    return this.#verified;
  }

  /** @throws integrity.length when this chunk goes past the size */
  update(chunk: Uint8Array): void {
    const received = this.#received + chunk.length;
    if (received > this.size) throw wrongLength(this.digest, this.size, received);
    this.#hash.update(chunk);
    this.#received = received;
  }

  /** The verdict, once. @throws integrity.length, integrity.digest */
  finish(): void {
    if (this.#received !== this.size) throw wrongLength(this.digest, this.size, this.#received);
    const actual = `${algorithmOf(this.digest)}:${this.#hash.digest('hex')}`;
    if (actual !== this.digest) throw wrongDigest(this.digest, actual);
    this.#verified = true;
  }
}
