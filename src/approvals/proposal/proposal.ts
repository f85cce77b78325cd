import type { Lifetimes } from '../../config/config.ts';
import type { WrittenSignature } from '../document/write-document.ts';
import type { Change } from '../edit/change.ts';

/**
 * What is to be signed, as it travels between those who sign: what is wanted, the files that it was made on, and the signatures so
 * far. The files to come are not in it. Whoever signs makes them himself, from the changes and the files, which verify from the root
 * that he has pinned; so nothing can be signed that was not shown, and a proposal that gives other bytes than it says is refused.
 */
export interface Proposal {
  /** The name of the trust source. */
  readonly repository: string;
  /** Epoch milliseconds. */
  readonly created: number;
  readonly lifetimes: Lifetimes;
  readonly changes: readonly Change[];
  /** Of the repository as it stood, by name; none where it is to be made. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly parts: readonly Part[];
}

/** A file to come. */
export interface Part {
  readonly role: string;
  readonly version: number;
  /** Of the bytes that are signed, lower-case hex. */
  readonly sha256: string;
  readonly signatures: readonly WrittenSignature[];
}
