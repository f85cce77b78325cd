import type { Requirement } from '../config/config.ts';
import { codeOf, isReason } from '../errors.ts';
import { ruling } from '../policy/decide.ts';
import { sourcesOf } from '../policy/requirement.ts';
import { byCodePoint } from '../json/canonical.ts';
import { upstreamOf } from './ask-upstream.ts';
import { decided, type PullRequest } from './decide.ts';
import type { PullDeps } from './deps.ts';
import { ruleOnTag } from './rule-on-tag.ts';

/**
 * The tags that a pull would get: signed ones where signatures are required, the upstream's where its word is enough.
 * A tag that would be refused is not listed, so nobody picks it.
 */
const MAX_TAGS = 10_000;

export async function listTags(deps: PullDeps, request: PullRequest): Promise<readonly string[]> {
  return await decided(deps, request, 'tags', async () => {
    const { repository } = request;
    const signed = new Set<string>();
    for (const source of sourcesFor(deps, request)) {
      for (const tag of await deps.trust.tags(source, repository)) signed.add(tag);
    }
    const upstream = wordIsEnough(deps, request) ? await upstreamTags(deps, request) : [];
    const tags = [...new Set([...signed, ...upstream])].sort(byCodePoint).slice(0, MAX_TAGS);
    const kept = await Promise.all(tags.map((tag) => wouldServe(deps, request, tag, signed.has(tag))));
    return tags.filter((_, i) => kept[i] === true);
  });
}

function sourcesFor(deps: PullDeps, { repository }: PullRequest): ReadonlySet<string> {
  const requirements = deps.policy
    .rulesOf(repository)
    .flatMap(({ config: { action } }): Requirement[] => (action.kind === 'require' ? [action.requirement] : []));
  return new Set(requirements.flatMap((each) => sourcesOf(each).map(({ source }) => source)));
}

/** Some rule of this repository serves what the registry says. */
function wordIsEnough(deps: PullDeps, { repository }: PullRequest): boolean {
  return deps.policy
    .rulesOf(repository)
    .some((rule) => rule.config.mode === 'observe' || ruling(rule, deps.now()).kind === 'allow');
}

async function upstreamTags(deps: PullDeps, { repository }: PullRequest): Promise<readonly string[]> {
  try {
    return await upstreamOf(deps, repository).tags(repository.path, MAX_TAGS);
  } catch (error) {
    // The signed tags are worth listing even when the registry cannot be asked.
    if (isReason(codeOf(error))) return [];
    throw error;
  }
}

/** Without asking the upstream about each tag: a tag it listed exists. */
async function wouldServe(deps: PullDeps, { repository }: PullRequest, tag: string, signed: boolean): Promise<boolean> {
  const rule = deps.policy.ruleFor(repository, tag);
  if (rule === undefined) return false;
  const kind = ruling(rule, deps.now()).kind;
  if (rule.config.mode === 'observe' || kind === 'allow') return true;
  return signed && kind === 'require' && (await ruleOnTag(deps, repository, tag)).verified;
}
