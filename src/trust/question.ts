import type { Reason } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { AnchorKind } from './tuf/collection.ts';

/**
 * What is asked of one collection, and what it answers: plain values, because the collection may live on another thread.
 */
export type Question =
  /** Notary. */
  | { readonly kind: 'tag'; readonly tag: string; readonly releases: 'strict' | 'docker'; readonly signers?: Signers }
  /** TUF 1.0. */
  | { readonly kind: 'target'; readonly target: string; readonly signers?: Signers };

interface Signers {
  readonly atLeast: number;
  readonly of: readonly string[];
}

export interface Answer {
  readonly verdict: Signed | Refused;
  /** What it rests on; absent when nothing verified is at hand. */
  readonly basis?: AnswerBasis;
}

export interface Signed {
  readonly outcome: 'signed';
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  readonly roles: readonly string[];
  /** Key ids. */
  readonly signers: readonly string[];
  /** When the approval ends, epoch milliseconds; absent when it does not. */
  readonly until?: number;
}

export interface Refused {
  readonly outcome: 'refused';
  readonly reason: Reason;
  readonly message: string;
}

export interface AnswerBasis {
  readonly root: { readonly version: number; readonly keys: readonly string[]; readonly anchor: AnchorKind };
  /** By role. */
  readonly versions: ReadonlyMap<string, number>;
  /** By role; epoch milliseconds. */
  readonly expires: ReadonlyMap<string, number>;
  /** When the source last confirmed it. */
  readonly checkedAt: number;
  /**
   * A delegated file behind it was not kept, so nobody would notice what the next one revokes: the answer is good now, and never
   * the past of a tag.
   */
  readonly untracked?: true;
  /** Why it could not confirm it just now: the last view answers. */
  readonly failure?: Pick<Refused, 'reason' | 'message'>;
}
