import type { Collection } from '../../../src/state/store.ts';
import type { StoredVersions } from './stored-trust.ts';

/**
 * A trust source in this process whose publishers never rest. Every publish moves every role but the root of one
 * collection to the same next version, and the tags `a` and `b` of all its repositories together to an image of that
 * version: so whatever mixes two publishes shows. A format has a file of its own: `busy-notary.ts`, `busy-tuf.ts`.
 */
export interface BusySource {
  /** `trust`, `policy` and `upstreams` of the configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly published: readonly BusyCollection[];
  /** Which publish of a repository a digest is; undefined for none. */
  versionOf(repository: string, digest: string): number | undefined;
  /** While silent it answers nothing but 503. */
  silence(on: boolean): void;
  /** Resolves at the so manieth question from now. */
  questions(count: number): Promise<void>;
  close(): Promise<void>;
}

/** What is published as one, and updated as one. */
export interface BusyCollection extends Collection {
  /** Who must sign, by the full name of each repository that it speaks for. */
  readonly signers: ReadonlyMap<string, readonly string[]>;
  /** The roles that a stored view is made of, in the order in which an update loads them. */
  readonly view: readonly string[];
  /** What the gate must have stored: it asks for a file only when the one before is durable, so its questions tell. */
  readonly proven: StoredVersions;
}

export const TAGS = ['a', 'b'] as const;
