import type { Evidence } from './evidence.ts';

/**
 * The files of a repository of approvals as they are written: TUF 1.0 metadata (SPEC 4), each kind with just the members that
 * tufgate writes. Instants are epoch milliseconds, whole seconds. Names are keys of Maps.
 */
export type Document = RootDocument | TargetsDocument | SnapshotDocument | TimestampDocument;

interface Common {
  readonly version: number;
  readonly expires: number;
}

/** A public key as metadata has it (SPEC 4.2): Ed25519 in hex, P-256 as PEM. */
export interface KeyEntry {
  readonly keytype: 'ed25519' | 'ecdsa';
  readonly scheme: 'ed25519' | 'ecdsa-sha2-nistp256';
  readonly keyval: { readonly public: string };
}

/** Who may sign: at least `threshold` of these keys. */
export interface Quorum {
  readonly keyIds: readonly string[];
  readonly threshold: number;
}

export const TOP_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopRole = (typeof TOP_ROLES)[number];

export interface RootDocument extends Common {
  readonly type: 'root';
  readonly keys: ReadonlyMap<string, KeyEntry>;
  readonly roles: Readonly<Record<TopRole, Quorum>>;
}

/** `targets`, and every role below it. */
export interface TargetsDocument extends Common {
  readonly type: 'targets';
  readonly targets: ReadonlyMap<string, Entry>;
  readonly delegations?: Delegations;
}

export interface SnapshotDocument extends Common {
  readonly type: 'snapshot';
  /** Version by role: what a role says is bound by its own signatures. */
  readonly meta: ReadonlyMap<string, number>;
}

export interface TimestampDocument extends Common {
  readonly type: 'timestamp';
  readonly snapshot: { readonly version: number; readonly length: number; readonly sha256: string };
}

/** As many bins as tufgate ever makes: 2^16 files. */
export const MAX_BITS = 16;

export type Delegations =
  | {
      readonly kind: 'roles';
      readonly keys: ReadonlyMap<string, KeyEntry>;
      /** In order of priority; each is terminating, so that no role of lower priority fills what its owner left out. */
      readonly roles: readonly DelegatedRole[];
    }
  /** Succinct hash bins (TAP 15): 2^bits roles with one quorum. */
  | {
      readonly kind: 'bins';
      readonly keys: ReadonlyMap<string, KeyEntry>;
      readonly bins: Bins;
    };

export interface Bins extends Quorum {
  readonly prefix: string;
  /** There are 2^bits. */
  readonly bits: number;
}

export interface DelegatedRole extends Quorum {
  readonly name: string;
  readonly paths:
    | { readonly kind: 'patterns'; readonly of: readonly string[] }
    | { readonly kind: 'hash-prefixes'; readonly of: readonly string[] };
}

/** One target: a manifest, under the name of its tag or of its digest. */
export interface Entry {
  readonly length: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly mediaType?: string;
  readonly word: Word;
}

/** What `custom.tufgate` says of it. */
export type Word = Approval | Named | Withdrawal;

/** Somebody approved it: a tag, or a digest that stands for itself. */
export interface Approval {
  readonly kind: 'approval';
  readonly at: number;
  /** A name that whoever signed wrote down: for people; what counts are signatures. */
  readonly by: string;
  readonly reason?: string;
  /** From this instant on it counts no more. */
  readonly until?: number;
  /** Ids of the keys that signed the file in which it was new; known once that file stood, and filled in by the next. */
  readonly keys?: readonly string[];
  /**
   * Signers of later files that took it over, where they were others. Each set could have put it there alone, whatever `keys` says; of two
   * sets the one that holds the other is left out.
   */
  readonly carried?: readonly (readonly string[])[];
  readonly evidence: readonly Evidence[];
}

/** A digest that tags of its repository stand for. */
export interface Named {
  readonly kind: 'named';
  readonly tags: readonly string[];
  /** When the last of its tags ends. */
  readonly until?: number;
  /** It was approved by its digest too. */
  readonly own?: Approval;
}

/** A digest that must not be served any more, whatever rule would allow it. */
export interface Withdrawal {
  readonly kind: 'withdrawn';
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
}
