import type { Evidence } from '../document/evidence.ts';
import type { KeyEntry, TopRole } from '../document/documents.ts';

/**
 * What somebody wants: small, complete, and independent of how the repository stands, so that it can be carried to whoever signs, and
 * made anew on a repository that went on meanwhile.
 */
export type Change = Create | Approve | Withdraw | RemoveTag | Delegate | Undelegate | Authorize | Renew;

export interface KeyQuorum {
  readonly keys: readonly KeyEntry[];
  readonly threshold: number;
}

/** A repository that is not there yet. */
export interface Create extends Readonly<Record<TopRole, KeyQuorum>> {
  readonly kind: 'create';
  /** Who approves images of which no other role is in charge. */
  readonly bulk: KeyQuorum;
}

export interface Approve {
  readonly kind: 'approve';
  /** `registry/repository` */
  readonly repository: string;
  /** Absent: the digest itself. */
  readonly tag?: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly length: number;
  readonly mediaType?: string;
  readonly by: string;
  readonly reason?: string;
  /** Epoch milliseconds, whole seconds. */
  readonly until?: number;
  readonly evidence: readonly Evidence[];
  /** It was withdrawn before, and that is to end. */
  readonly reinstate: boolean;
}

/** The digest, with all tags of the repository that stand for it. */
export interface Withdraw {
  readonly kind: 'withdraw';
  readonly repository: string;
  readonly sha256: string;
  readonly by: string;
  readonly reason?: string;
}

/** The tag alone; its digest stays where other tags stand for it. */
export interface RemoveTag {
  readonly kind: 'remove-tag';
  readonly repository: string;
  readonly tag: string;
}

/** Repositories and namespaces get a role of their own; what was approved there moves to it. */
export interface Delegate extends KeyQuorum {
  readonly kind: 'delegate';
  readonly role: string;
  /** `registry/repository`, or `registry/namespace/*` and `registry/namespace/**` for all below. */
  readonly names: readonly string[];
}

export interface Undelegate {
  readonly kind: 'undelegate';
  readonly role: string;
  /** What it approved moves to who is in charge then; else it ends. */
  readonly keep: boolean;
}

/** Other keys, or another threshold. */
export interface Authorize extends KeyQuorum {
  readonly kind: 'authorize';
  readonly role: string;
  /** Ids of keys that were stolen: what rested on them ends. */
  readonly distrust: readonly string[];
}

/** Files that end before this instant are signed anew. */
export interface Renew {
  readonly kind: 'renew';
  readonly endingBefore: number;
}
