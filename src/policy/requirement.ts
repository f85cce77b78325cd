import type { Requirement, SourceRequirement } from '../config/config.ts';
import { type Reason, REASONS } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { SourceVerdict } from './decision.ts';

/**
 * Do the verdicts satisfy the requirement, and on which digest?
 *
 * Guarantees: no order of a list changes the outcome, or the reason given; a source without a verdict, and a verdict
 * without a digest, count as refusals; two sources that signed different digests, or different lengths, for one tag are
 * a conflict wherever they stand. "The first that answers" was rejected for `any`: whoever controls one source, or the
 * network before the other, would choose between two digests.
 */
export type Judgement =
  | { readonly ok: true; readonly digest: Digest; readonly length?: number }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

export type Verdicts = ReadonlyMap<SourceRequirement, SourceVerdict>;

/** Every source that is to be asked. */
export function sourcesOf(requirement: Requirement): readonly SourceRequirement[] {
  return requirement.kind === 'source' ? [requirement] : requirement.of.flatMap(sourcesOf);
}

export function judge(requirement: Requirement, verdicts: Verdicts): Judgement {
  const leaves = sourcesOf(requirement).map((leaf) => answerOf(leaf, verdicts));
  const signed = leaves.filter((answer) => answer.ok);
  const conflict = conflictAmong(signed);
  if (conflict !== undefined) return conflict;
  const refused = evaluate(requirement, verdicts);
  const [first] = signed;
  if (refused !== undefined || first === undefined) return refusedFor(refused ?? NOTHING_ASKED, leaves);
  const length = signed.find((answer) => answer.length !== undefined)?.length;
  return { ok: true, digest: first.digest, ...(length === undefined ? {} : { length }) };
}

interface Signed {
  readonly ok: true;
  readonly source: string;
  readonly digest: Digest;
  readonly length?: number;
}

interface Refused {
  readonly ok: false;
  readonly source: string;
  readonly reason: Reason;
  readonly message: string;
}

/** An empty requirement is nobody's word: the configuration refuses it, and so does this. */
const NOTHING_ASKED = refusing('', 'trust.unsigned', 'the rule names no trust source');

function refusing(source: string, reason: Reason, message: string): Refused {
  return { ok: false, source, reason, message };
}

function answerOf(leaf: SourceRequirement, verdicts: Verdicts): Signed | Refused {
  const verdict = verdicts.get(leaf);
  const { source } = leaf;
  if (verdict === undefined) return refusing(source, 'trust.unreachable', `trust source ${source} gave no answer`);
  if (verdict.outcome === 'refused') {
    const message = verdict.message ?? `trust source ${source} did not vouch for it`;
    return refusing(source, verdict.reason ?? 'trust.unsigned', message);
  }
  if (verdict.digest === undefined)
    return refusing(source, 'trust.malformed', `trust source ${source} named no digest`);
  return {
    ok: true,
    source,
    digest: verdict.digest,
    ...(verdict.length === undefined ? {} : { length: verdict.length }),
  };
}

/** Undefined when satisfied, else the refusal that tells most. */
function evaluate(requirement: Requirement, verdicts: Verdicts): Refused | undefined {
  if (requirement.kind === 'source') {
    const answer = answerOf(requirement, verdicts);
    return answer.ok ? undefined : answer;
  }
  const parts = requirement.of.map((part) => evaluate(part, verdicts));
  if (parts.length === 0) return NOTHING_ASKED;
  const refused = parts.filter((part) => part !== undefined);
  return requirement.kind === 'any' && refused.length < parts.length ? undefined : mostTelling(refused);
}

/** Any verification failure tells more than "unsigned", and that more than an outage, which may hide either. */
function weight(reason: Reason): number {
  if (reason === 'trust.unreachable') return 0;
  if (reason === 'trust.unsigned') return 1;
  return 2;
}

function mostTelling(refused: readonly Refused[]): Refused | undefined {
  return refused.toSorted(byWeight)[0];
}

/** A total order, so that the place in the list decides nothing. */
function byWeight(a: Refused, b: Refused): number {
  return (
    weight(b.reason) - weight(a.reason) ||
    REASONS.indexOf(a.reason) - REASONS.indexOf(b.reason) ||
    compare(a.source, b.source) ||
    compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function refusedFor(refused: Refused, leaves: readonly (Signed | Refused)[]): Judgement {
  const others = new Set<string>();
  for (const leaf of leaves) {
    const another = !leaf.ok && (leaf.source !== refused.source || leaf.reason !== refused.reason);
    if (another) others.add(`${leaf.source}: ${leaf.reason}`);
  }
  const also = others.size === 0 ? '' : ` (also ${[...others].sort().join(', ')})`;
  return { ok: false, reason: refused.reason, message: refused.message + also };
}

function conflictAmong(signed: readonly Signed[]): Judgement | undefined {
  const digests = new Set(signed.map(({ digest }) => digest));
  const lengths = new Set(signed.flatMap(({ length }) => (length === undefined ? [] : [length])));
  if (digests.size < 2 && lengths.size < 2) return undefined;
  const words = new Set(
    signed.map(({ source, digest, length }) =>
      length === undefined ? `${source}: ${digest}` : `${source}: ${digest}, ${length} bytes`,
    ),
  );
  return {
    ok: false,
    reason: 'trust.conflict',
    message: `trust sources disagree (${[...words].sort().join('; ')}): sign the same manifest in each of them, or revoke the wrong one`,
  };
}
