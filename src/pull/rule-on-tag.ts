import type { Requirement, SourceRequirement } from '../config/config.ts';
import { codeOf, isReason, messageOf, type Reason, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { imageName, type Repository } from '../oci/reference.ts';
import { refusal, ruling } from '../policy/decide.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import { judge, sourcesOf } from '../policy/requirement.ts';
import type { Rule } from '../policy/rules.ts';
import { allHold, holdsOf, lasting } from '../trust/lasting.ts';
import { existsUpstream, unsignedDigest, wordHolds } from './ask-upstream.ts';
import type { RulingDeps } from './deps.ts';
import { unlessWithdrawn } from './withdrawn.ts';

/**
 * The ruling on one tag: which rule decides, what the trust sources said, which digest the tag stands for.
 * Nothing here falls back: a source that cannot answer, or answers with something that does not verify, refuses.
 */
export interface TagRuling {
  readonly rule?: Rule;
  readonly mode: 'enforce' | 'observe';
  /** What the tag stands for; absent when refused. */
  readonly digest?: Digest;
  /** Bytes of its manifest, when a signature says so. */
  readonly length?: number;
  /** A signature names this digest; false for what `allow` or `observe` let through on the registry's word. */
  readonly verified: boolean;
  /** Why it is refused, or under `observe` would have been. */
  readonly refusal?: TufgateError;
  readonly sources: readonly SourceVerdict[];
}

/** For a pull; `holdsOf` a ruling says for how long the same would be ruled without asking anybody. "Unsigned" is said of tags that exist, so the upstream may be asked whether one does. */
export async function ruleOnTag(deps: RulingDeps, repository: Repository, tag: string): Promise<TagRuling> {
  const ruled = await unlessWithdrawn(deps, repository, await judgeTag(deps, repository, tag));
  if (ruled.refusal?.code !== 'trust.unsigned' || ruled.mode === 'observe') return ruled;
  return { ...ruled, refusal: await orNotFound(deps, repository, tag, ruled.refusal) };
}

/**
 * Without asking the upstream what it has of a tag that must be signed: lists, and digests, ask this of many tags at once. Nor is
 * asked whether its digest was withdrawn: who serves it asks that.
 */
export async function judgeTag(deps: RulingDeps, repository: Repository, tag: string): Promise<TagRuling> {
  const rule = deps.policy.ruleFor(repository, tag);
  const image = imageName({ ...repository, tag });
  const found = ruling(rule, deps.now());
  const base = { ...(rule === undefined ? {} : { rule }), mode: rule?.config.mode ?? 'enforce', sources: [] } as const;
  switch (found.kind) {
    case 'require':
      return await observed(deps, repository, tag, await requireSigned(deps, repository, tag, base, found.requirement));
    case 'allow': {
      const ruled = await onRegistrysWord(deps, repository, tag, base);
      const { untilMs } = found;
      const word = ruled.digest && wordHolds(deps, repository, tag, ruled.digest);
      return lasting(ruled, allHold([word, () => deps.now() < untilMs]));
    }
    case 'no-rule':
    case 'deny':
    case 'exemption-expired':
      return await observed(deps, repository, tag, { ...base, verified: false, refusal: refusal(found, image) });
  }
}

type Base = Pick<TagRuling, 'rule' | 'mode' | 'sources'>;

async function requireSigned(
  deps: RulingDeps,
  repository: Repository,
  tag: string,
  base: Base,
  requirement: Requirement,
): Promise<TagRuling> {
  const asked = sourcesOf(requirement);
  const answers = await Promise.all(asked.map((source) => deps.trust.resolve(source, repository, tag)));
  const verdicts = new Map<SourceRequirement, SourceVerdict>(
    asked.flatMap((source, i) => {
      const answer = answers[i];
      return answer === undefined ? [] : [[source, answer] as const];
    }),
  );
  const judged = judge(requirement, verdicts);
  if (judged.ok) {
    const length = judged.length === undefined ? {} : { length: judged.length };
    const ruled = { ...base, sources: answers, verified: true, digest: judged.digest, ...length };
    return lasting(ruled, allHold(answers.map(holdsOf)));
  }
  const refused = `${imageName({ ...repository, tag })} is refused by ${base.rule?.id ?? 'the policy'}`;
  const error = new TufgateError(judged.reason, `${refused}: ${judged.message}${adviceOn(judged.reason)}`);
  return { ...base, sources: answers, verified: false, refusal: error };
}

/** What the person who pulls can do about it; for the other reasons the message of the source says what happened. */
function adviceOn(reason: Reason): string {
  if (reason === 'trust.unsigned') return '; ask its publisher to sign it, or those who run this proxy to approve it';
  if (reason === 'trust.unreachable') return '; try again in a moment';
  return '';
}

/** One that the upstream does not know either is a plain 404, as in any registry. */
async function orNotFound(
  deps: RulingDeps,
  repository: Repository,
  tag: string,
  error: TufgateError,
): Promise<TufgateError> {
  if (await existsUpstream(deps, repository, tag)) return error;
  const image = imageName({ ...repository, tag });
  return new TufgateError('upstream.not-found', `${image} is neither signed nor known upstream: check the name`);
}

/** `observe`: serve what the registry says, and keep what enforcing would have said. */
async function observed(deps: RulingDeps, repository: Repository, tag: string, ruled: TagRuling): Promise<TagRuling> {
  if (ruled.mode === 'enforce' || ruled.refusal === undefined) return ruled;
  const served = await onRegistrysWord(deps, repository, tag, ruled);
  return served.refusal === undefined ? { ...served, refusal: ruled.refusal } : served;
}

async function onRegistrysWord(deps: RulingDeps, repository: Repository, tag: string, base: Base): Promise<TagRuling> {
  try {
    return { ...base, verified: false, digest: await unsignedDigest(deps, repository, tag) };
  } catch (error) {
    if (error instanceof TufgateError && isReason(error.code)) return { ...base, verified: false, refusal: error };
    throw new TufgateError(codeOf(error), messageOf(error), { cause: error });
  }
}
