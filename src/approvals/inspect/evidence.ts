import type { Reason } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArtifactKind } from './artifact-kind.ts';

/**
 * What existed when a person approved an image: kept with the approval, so that one can say later what was seen. It is a
 * record, no ground for a decision: of signatures only those of trust sources are verified.
 */
export type Evidence =
  SourceEvidence | RefusedEvidence | ArtifactEvidence | GapEvidence | CreatedEvidence | MoreEvidence;

/** A trust source signed this digest; with `conflict`: the tag with another one, which `digest` is. */
export interface SourceEvidence {
  readonly kind: 'signed' | 'conflict';
  readonly source: string;
  readonly digest: Digest;
  readonly roles: readonly string[];
  /** Key ids. */
  readonly keys: readonly string[];
  /** Under which name it was found there. */
  readonly named: 'tag' | 'digest';
  /** As last verified: the source could not confirm it now. */
  readonly unconfirmed?: true;
}

/** A trust source that did not vouch for the digest, or could not be asked: `reason` says which. */
export interface RefusedEvidence {
  readonly kind: 'refused';
  readonly source: string;
  readonly digest: Digest;
  readonly reason: Reason;
}

/** Not verified. */
export interface ArtifactEvidence {
  readonly kind: ArtifactKind;
  /** Of the artifact; of the image itself for what is inside of it (`index`), which its digest covers. */
  readonly digest: Digest;
  readonly type: string;
  readonly found: 'referrer' | 'tag' | 'index';
  /** Bytes of its manifest; absent for `index`. */
  readonly size?: number;
  /** Of the platforms that it tells about; only for `index`. */
  readonly count?: number;
}

/** What could not be asked, or not to its end: nothing found is then not nothing there. */
export interface GapEvidence {
  readonly kind: 'gap';
  readonly what: 'referrers' | 'tags';
  readonly digest: Digest;
  /** Absent: there is more than was read. */
  readonly reason?: Reason;
}

/** The publisher's own word. */
export interface CreatedEvidence {
  readonly kind: 'created';
  readonly digest: Digest;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** So many more were found than are kept. */
export interface MoreEvidence {
  readonly kind: 'more';
  readonly digest: Digest;
  readonly count: number;
}

export const MAX_EVIDENCE = 32;

/** What speaks against comes first, so that no flood of artifacts pushes it out. */
const ORDER: readonly Evidence['kind'][] = [
  'conflict',
  'refused',
  'signed',
  'gap',
  'created',
  'signature',
  'provenance',
];

/** In order of weight, at most 32; the last one then counts the others. @param digest of the image */
export function bounded(evidence: readonly Evidence[], digest: Digest): readonly Evidence[] {
  const rank = ({ kind }: Evidence): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  const sorted = evidence.toSorted((a, b) => rank(a) - rank(b));
  if (sorted.length <= MAX_EVIDENCE) return sorted;
  const kept = sorted.slice(0, MAX_EVIDENCE - 1);
  return [...kept, { kind: 'more', digest, count: sorted.length - kept.length }];
}

/** Worth a question of its own before anybody signs: a source names another digest, or its word did not verify. */
export function isAlarming(evidence: Evidence): boolean {
  if (evidence.kind === 'conflict') return true;
  return evidence.kind === 'refused' && !HARMLESS.has(evidence.reason);
}

const HARMLESS: ReadonlySet<Reason> = new Set<Reason>([
  'trust.unsigned',
  'trust.no-root',
  'trust.unreachable',
  // Of most collections on Docker Hub: nobody keeps them any more.
  'trust.expired',
]);
