import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import type { AnchorKind, Decision } from '../policy/decision.ts';

/**
 * The state store port: whole operations, each atomic, each durable when its promise resolves. There is no
 * transaction callback, because better-sqlite3's cannot span an `await` and PostgreSQL's would need one.
 * Every implementation passes `test/contract/state-store.ts`.
 */
export interface StateStore extends TrustStore, WithdrawalStore, ClosureStore, DecisionStore {
  /** Answers when the store can be read and written. @throws state.failed */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A collection: one trust source's GUN. */
export interface Collection {
  readonly source: string;
  readonly gun: string;
}

/** One metadata file, byte for byte as received. */
export interface TrustFile {
  readonly role: string;
  readonly version: number;
  /** Lower-case hex of the received bytes. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** What is known of a collection. Roots and floors only move forward; the view is one verified update as a whole. */
export interface StoredTrust {
  /** Compare-and-set counter: every successful `advanceTrust` adds one. */
  readonly generation: number;
  readonly anchor: AnchorKind;
  /** Ascending, each version one more than the one before; never empty. */
  readonly roots: readonly TrustFile[];
  /** The newest accepted file a role, root excepted. */
  readonly floors: readonly TrustFile[];
  /**
   * The files of the last update that verified as a whole (root excepted); absent before the first. A file that is a floor too is
   * the same object, because it may be 20 MB.
   */
  readonly view?: readonly TrustFile[];
  /** When the source last confirmed the view, epoch milliseconds; 0 = never. */
  readonly checkedAt: number;
  /** The source answered 404 for a collection it had: nothing is served until it is back. */
  readonly withdrawn: boolean;
}

/** One signed statement: `role` named `digest` for `tag`. */
export interface SignedTag {
  readonly role: string;
  readonly tag: string;
  readonly digest: Digest;
}

/** A statement of the view before that the next one no longer makes. */
export interface EndedTag extends SignedTag {
  /** The role names nothing for the tag any more: removed or revoked, not moved. */
  readonly removed: boolean;
}

/** One step forward. Absent members leave what is stored as it is. */
export interface TrustAdvance {
  readonly anchor?: AnchorKind;
  /** Appended to the chain; the first follows the newest stored root, or starts the chain. */
  readonly roots?: readonly TrustFile[];
  /** Replaces the chain: only when the configured anchor no longer covers what is stored. */
  readonly restart?: boolean;
  readonly floors?: readonly TrustFile[];
  /** Fast-forward recovery: roles whose floor no longer verifies under the newest authority. */
  readonly forget?: readonly string[];
  readonly view?: readonly TrustFile[];
  /** What the view no longer says of what the one before said: for `digests: superseded | any`. */
  readonly ended?: readonly EndedTag[];
  readonly checkedAt?: number;
  readonly withdrawn?: boolean;
}

export interface TrustStore {
  loadTrust(collection: Collection): Promise<StoredTrust | undefined>;
  /** How many bytes of files `loadTrust` would read; 0 for a collection not stored yet. */
  trustBytes(collection: Collection): Promise<number>;
  /**
   * @param from the generation that was read, 0 for a collection not stored yet
   * @param at when, epoch milliseconds: the time that `ended` is stored with
   * @returns `conflict` when the stored generation is another: nothing was changed, load again
   * @throws state.failed; also when a floor or root would go backwards, which the core must have refused before
   */
  advanceTrust(collection: Collection, from: number, step: TrustAdvance, at: number): Promise<'ok' | 'conflict'>;
  /**
   * Drops all that is known of the collection, its floors, its removals and what its source withdrew too.
   * @returns false when nothing was known
   */
  forgetTrust(collection: Collection): Promise<boolean>;
  listTrust(): Promise<readonly Collection[]>;
  /** Statements over these digests that ended, the last to end first. What is said today is in the view, not here. */
  endedTags(collection: Collection, digests: readonly Digest[]): Promise<readonly PastTag[]>;
  /** When a role last stopped naming the tag at all, by tag: it was removed or revoked, not moved. */
  removals(collection: Collection, tags: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The highest instant ever passed, this one included: a clock that was set back does not revive what expired. */
  raiseClock(now: number): Promise<number>;
  /** What `raiseClock` would answer to a clock that stands at 0. */
  highestClock(): Promise<number>;
  /**
   * Forgets that later instants than `to` were seen; never raises. For the operator alone, after a clock that ran ahead:
   * what expired since `to` counts again, and no instant that is stored of trust lies behind it. Other processes hear of it
   * with their next `raiseClock`.
   */
  lowerClock(to: number): Promise<void>;
}

export interface PastTag extends SignedTag {
  /** When it last ended. */
  readonly until: number;
}

/** A source took back its word for this digest of this repository. */
export interface Withdrawal {
  readonly source: string;
  /** `registry/repository` */
  readonly repository: string;
  readonly digest: Digest;
  /** As it is signed: when, epoch milliseconds, who, and why. */
  readonly at: number;
  readonly by?: string;
  readonly reason?: string;
  /** When it was first seen here. */
  readonly seenAt: number;
  /** The versions of the files that said so, by role. */
  readonly versions: ReadonlyMap<string, number>;
}

/**
 * What was withdrawn stays so, whatever becomes of the trust that it was learnt from: it hangs on no collection's views, floors or
 * roots, and only its own source's newer word, which `liftWithdrawal` stands for, or `forgetTrust`, takes it away.
 */
export interface WithdrawalStore {
  /**
   * One that is known already takes over the words of the new one; its versions only go up, role by role.
   * @returns true when it was not known
   */
  withdraw(withdrawal: Withdrawal): Promise<boolean>;
  /** Of this repository, among these digests, by whatever source. */
  withdrawals(repository: string, digests: readonly Digest[]): Promise<readonly Withdrawal[]>;
  /** Only if it is still the one that was read: its versions are the same. @returns whether it was */
  liftWithdrawal(withdrawal: Withdrawal): Promise<boolean>;
  /** What nothing was done about yet: the first so many, in the order in which they were seen. */
  pendingWithdrawals(most: number): Promise<readonly Withdrawal[]>;
  /**
   * Another number whenever a withdrawal may have been stored, lifted or forgotten since, by whatever process: so that what was
   * read need not be read again for each pull. Synchronous, and never throws; undefined where only reading tells.
   */
  withdrawalsMoved(): number | undefined;
  /** What was cached of it is gone, and it was told; nothing when it was lifted, and perhaps withdrawn again, meanwhile. */
  carriedOut(withdrawal: Withdrawal): Promise<void>;
}

/** A manifest and what hangs below: content-addressed, so one graph serves every repository. */
export interface ClosureStore {
  /** Idempotent: the children of a digest can never change. */
  recordManifest(parent: Digest, children: readonly Child[]): Promise<void>;
  /**
   * `digest` itself and every manifest above it, at most `depth` edges up, nearest first. An ancestor whose paths down
   * end in different edges (two sizes for one digest) comes once for each. Only manifests are climbed: a layer that
   * reads like an index leads nowhere.
   * @param except manifests that no way may come by, and that are not listed
   */
  ancestors(digest: Digest, depth: number, except?: readonly Digest[]): Promise<readonly Ancestor[]>;
  /** The manifest itself, and all that is known to hang below it, each once, at most `depth` edges down. */
  descendants(digest: Digest, depth: number): Promise<readonly Pick<Child, 'digest' | 'kind'>[]>;
  /** The manifest itself, and the manifests known below it, each once, `most` at most: what layers they have costs nothing. */
  manifestsBelow(digest: Digest, most: number): Promise<readonly Digest[]>;
  /** Remembers that this digest was given out for this tag. */
  giveOut(given: GivenOut): Promise<void>;
  /** What was given out in this repository among these digests, newest first. */
  givenOut(repository: string, digests: readonly Digest[]): Promise<readonly GivenOut[]>;
  /** In which repositories any of these was given out, each pair once. */
  givenOutAnywhere(digests: readonly Digest[]): Promise<readonly Given[]>;
  /**
   * Tags that need this digest today as far as is known: what was given out for them last is it, or a manifest at most `depth` edges
   * above it. In no order, the first `most`.
   * @param which `verified`: only what was verified when it was given out
   */
  tagsAbove(digest: Digest, depth: number, which: 'all' | 'verified', most: number): Promise<readonly TagAbove[]>;
  /** What was given out last for this tag. */
  lastGivenOut(repository: string, tag: string): Promise<Digest | undefined>;
  /** All that was ever given out, each pair once, in a fixed order: the first `most` after this one. */
  givenOutAfter(after: Given | undefined, most: number): Promise<readonly Given[]>;
}

export interface Given {
  readonly repository: string;
  readonly digest: Digest;
}

export interface TagAbove {
  readonly repository: string;
  readonly tag: string;
}

export interface Ancestor {
  readonly digest: Digest;
  /** The edge that leads to the digest asked for: its size and type as the signed manifest gives them; absent for itself. */
  readonly edge?: Child;
}

export interface GivenOut {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  /** Let through by `allow` or `observe`: never counts for an enforcing rule. */
  readonly verified: boolean;
  /** Fingerprint of the rule and the pins it rested on. */
  readonly basis: string;
  /** The last time, epoch milliseconds. */
  readonly at: number;
}

/** A stored decision: `count` equal ones, the last at `at`. */
export interface StoredDecision extends Decision {
  readonly id: number;
  readonly count: number;
  readonly firstAt: number;
}

/** A decision about to be stored; one that was repeated before it was written says how often. */
export interface CountedDecision extends Decision {
  /** 1 when absent. */
  readonly count?: number;
  /** `at` when absent. */
  readonly firstAt?: number;
}

export interface DecisionFilter {
  readonly since?: number;
  readonly verdict?: 'allow' | 'deny';
  readonly wouldDeny?: boolean;
  readonly event?: Decision['event'];
  /** Substring of `repository:tag`. */
  readonly image?: string;
  readonly reason?: string;
  readonly client?: string;
  /** What was served, or would be. */
  readonly digest?: Digest;
  /** The newest this many. */
  readonly limit: number;
}

export interface DecisionStore {
  /** One transaction. Equal decisions of a batch, or of one minute, but for the time, become one row with a count. */
  appendDecisions(batch: readonly CountedDecision[]): Promise<void>;
  /** Newest last. */
  decisions(filter: DecisionFilter): Promise<readonly StoredDecision[]>;
  /** Deletes what is older than `before`, then the oldest until the rest fits `maxBytes`. */
  pruneDecisions(before: number, maxBytes: number): Promise<void>;
}
