import type { Requirement, SourceRequirement } from '../../config/config.ts';
import type { Reason } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Decision, SourceVerdict } from '../../policy/decision.ts';
import { judge, sourcesOf } from '../../policy/requirement.ts';
import type { Policy, Rule } from '../../policy/rules.ts';

/** Would an approval let the image in? `undefined`: yes, as far as anybody can tell; else why not, for people. */
export type WhyNot = string | undefined;

/** What the approvals may have said of an image that is approved next; any other word of theirs is a fault, or a no. */
const UNAPPROVED: ReadonlySet<Reason> = new Set<Reason>(['trust.unsigned', 'trust.signer-missing']);

/**
 * By the rules of today, not by the reason of then: who has just written `require: [approvals]` approves what no rule let in
 * before, and where a rule denies, no approval helps.
 *
 * The attack: an image is withdrawn, its clients go on asking, and the next bulk approval of "what was denied" brings it
 * back. What the approvals refused for any other reason than that nobody approved it stays out.
 *
 * @param approvals the name of that trust source
 * @param tag under which it is approved; undefined: by its digest alone
 */
export function whyNotCured(
  policy: Policy,
  approvals: string,
  repository: Repository,
  tag: string | undefined,
  decision: Decision,
): WhyNot {
  if (decision.reason === 'trust.withdrawn') return WITHDRAWN;
  const rule = tag === undefined ? policy.rulesOf(repository)[0] : policy.ruleFor(repository, tag);
  if (rule === undefined) return 'no rule of the policy matches it: add one that requires the approvals';
  if (tag === undefined && rule.tagged) return `${rule.id} is about tags: approve it with the tag that it stands for`;
  const { action } = rule.config;
  switch (action.kind) {
    case 'deny':
      return `${rule.id} denies it: change the policy if that is meant`;
    case 'allow':
      return `${rule.id} exempts it without a signature: renew the exemption, or require the approvals there`;
    case 'require':
      return whyNotJudged(rule, action.requirement, approvals, decision);
  }
}

const WITHDRAWN = 'it was withdrawn: approve it by name if it shall come back';
/** Of the image that nobody has looked at yet. */
const ANY = `sha256:${'0'.repeat(64)}` as Digest;

function whyNotJudged(rule: Rule, requirement: Requirement, approvals: string, { sources }: Decision): WhyNot {
  const leaves = sourcesOf(requirement);
  if (!leaves.some(({ source }) => source === approvals)) return `${rule.id} does not ask the approvals`;
  const own = sources.find(({ source }) => source === approvals);
  if (own?.outcome === 'refused' && own.reason !== undefined && !UNAPPROVED.has(own.reason))
    return own.reason === 'trust.withdrawn' ? WITHDRAWN : `the approvals could not be believed (${own.reason})`;
  const digest = sources.find(({ outcome, source }) => outcome === 'signed' && source !== approvals)?.digest ?? ANY;
  const verdicts = new Map<SourceRequirement, SourceVerdict>();
  for (const leaf of leaves) {
    const said = leaf.source === approvals ? undefined : sources.find(({ source }) => source === leaf.source);
    verdicts.set(leaf, said ?? signedAtBest(leaf.source, digest));
  }
  const judged = judge(requirement, verdicts);
  return judged.ok ? undefined : `${rule.id} asks for more: ${judged.message}`;
}

/** Also of a source that the decision does not name: it may vouch, as far as anybody can tell. */
function signedAtBest(source: string, digest: Digest): SourceVerdict {
  const nothing = { roles: [], signers: [], versions: new Map<string, number>(), expires: new Map<string, number>() };
  return { source, kind: 'tuf', outcome: 'signed', digest, ...nothing };
}
