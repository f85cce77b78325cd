import type { SourceRequirement } from '../config/config.ts';
import type { TufgateError } from '../errors.ts';
import { ruling } from '../policy/decide.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import { judge, sourcesOf } from '../policy/requirement.ts';
import type { Repository } from '../oci/reference.ts';
import type { Candidates, Root } from './candidates.ts';
import type { RulingDeps } from './deps.ts';
import { NO_TAG } from './give-out.ts';
import type { DigestRuling } from './rule-on-digest.ts';
import type { Against } from './withdrawn.ts';

/** Roots above a digest that are asked for. */
const MAX_ROOTS = 16;

/**
 * Is one of these roots signed by its digest alone, without a tag (`target_digest`)? Only where the repository's first
 * rule is about all its tags: a rule on tags cannot say anything of a digest that has none, and a later rule must not
 * let in what an earlier one refuses for some tag.
 *
 * @returns why one that is signed is refused, when none is left
 */
export async function ruleOnSignedDigest(
  deps: RulingDeps,
  repository: Repository,
  { roots, given }: Pick<Candidates, 'roots' | 'given'>,
  against: Against,
): Promise<Omit<DigestRuling, 'digest'> | TufgateError | undefined> {
  const rule = deps.policy.rulesOf(repository)[0];
  if (rule === undefined || rule.tagged) return undefined;
  const found = ruling(rule, deps.now());
  if (found.kind !== 'require') return undefined;
  const asked = sourcesOf(found.requirement);
  let refused: TufgateError | undefined;
  for (const root of likelyFirst(roots, given).slice(0, MAX_ROOTS)) {
    const verdicts = new Map<SourceRequirement, SourceVerdict>();
    for (const source of asked) verdicts.set(source, await deps.trust.resolveDigest(source, repository, root.digest));
    const judged = judge(found.requirement, verdicts);
    if (!judged.ok || judged.digest !== root.digest) continue;
    const takenBack = await against(root.digest, { rule, past: false });
    refused ??= takenBack;
    if (takenBack !== undefined) continue;
    const size = root.edge === undefined && judged.length !== undefined ? { length: judged.length } : {};
    const edge = root.edge === undefined ? {} : { edge: root.edge };
    return {
      rule,
      mode: rule.config.mode,
      verified: true,
      current: true,
      sources: [...verdicts.values()],
      ...edge,
      ...size,
    };
  }
  return refused;
}

/** A base layer may hang under thousands of images: what was given out of this repository comes first, the latest before. */
function likelyFirst(roots: readonly Root[], given: Candidates['given']): readonly Root[] {
  const known = new Map(given.filter(({ tag }) => tag === NO_TAG).map(({ digest }, place) => [digest, place]));
  const rank = ({ digest, edge }: Root): number => (edge === undefined ? -1 : (known.get(digest) ?? given.length));
  return roots.toSorted((a, b) => rank(a) - rank(b));
}
