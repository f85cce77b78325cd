/**
 * A trust source in this process whose publishers never rest. Every publish moves every role but the root of one
 * repository to the same next version, and its tags `a` and `b` together to an image of that version: so whatever
 * mixes two publishes shows. Notary v1 is `busy-notary.ts`; another format has a file of its own beside it.
 */
export interface BusySource {
  /** `trust`, `policy` and `upstreams` of the configuration; the source is called `vendor`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Full names; each is its own collection, under this name too. */
  readonly repositories: readonly string[];
  /** Which publish a digest is of. */
  versionOf(digest: string): number | undefined;
  /** While silent it answers nothing but 503. */
  silence(on: boolean): void;
  /** Resolves at the so manieth question from now. */
  questions(count: number): Promise<void>;
  /**
   * By role, the version that the gate must have stored: it asks for a file only when the one before is durable, so
   * what it asked for tells.
   */
  proven(repository: string): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export const TAGS = ['a', 'b'] as const;
