import type { TufgateError } from '../errors.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import type { Hashing, RunningHash } from './hashing.ts';
import { inlineHashing } from './inline-hashing.ts';
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

export interface VerifierOptions {
  /** Here unless given. */
  readonly hashing?: Hashing;
  /** What is said of other bytes; who the bytes are from. */
  readonly wrong?: (expected: Digest, actual: string) => TufgateError;
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
  readonly #hash: RunningHash;
  readonly #wrong: (expected: Digest, actual: string) => TufgateError;
  #received = 0;
  #verified = false;

  constructor(digest: Digest, size: number, { hashing = inlineHashing, wrong = wrongDigest }: VerifierOptions = {}) {
    this.digest = digest;
    this.size = size;
    this.#hash = hashing.begin(algorithmOf(digest), size);
    this.#wrong = wrong;
  }

  get verified(): boolean {
    return this.#verified;
  }

  /** So many bytes have come; `update` follows, at once or later. @throws integrity.length when they go past the size */
  count(bytes: number): void {
    const received = this.#received + bytes;
    if (received > this.size) throw wrongLength(this.digest, this.size, received);
    this.#received = received;
  }

  /** Bytes that were counted, in order. Resolves when they may be overwritten. @throws internal when the hash was lost */
  update(chunk: Uint8Array): Promise<void> {
    return this.#hash.update(chunk);
  }

  /** The verdict, once. @throws integrity.length, integrity.digest; internal when the hash was lost */
  async finish(): Promise<void> {
    if (this.#received !== this.size) throw wrongLength(this.digest, this.size, this.#received);
    const algorithm = algorithmOf(this.digest);
    const actual = `${algorithm}:${await this.#hash.finish()}`;
    if (actual !== this.digest) throw this.#wrong(this.digest, actual);
    this.#verified = true;
  }

  /** There will be no verdict. */
  drop(): void {
    this.#hash.drop();
  }
}
