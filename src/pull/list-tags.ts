import { setImmediate } from 'node:timers/promises';
import type { Requirement } from '../config/config.ts';
import { codeOf, isReason, TufgateError } from '../errors.ts';
import { repositoryName } from '../oci/reference.ts';
import { refusal, type Ruling, ruling } from '../policy/decide.ts';
import { sourcesOf } from '../policy/requirement.ts';
import { byCodePoint } from '../json/canonical.ts';
import { upstreamOf } from './ask-upstream.ts';
import { recorded, type PullRequest } from './recorded.ts';
import type { PullDeps } from './deps.ts';
import { judgeTag } from './rule-on-tag.ts';

/**
 * The tags that a pull would get: signed ones where signatures are required, the upstream's where its word is enough.
 * A tag that would be refused is not listed, so nobody picks it. An empty list would say that the repository is there and
 * has no tags: where the rules or the sources are the reason, that is said instead.
 */
const MAX_TAGS = 10_000;
/** Ruled on between two turns of the event loop: others are waiting too. */
const AT_ONCE = 8;
/** Tags whose questions take more than one may: these are enough to see what the rest are like. */
const MAX_TOO_LARGE = 8;

export async function listTags(deps: PullDeps, request: PullRequest): Promise<readonly string[]> {
  return await recorded(deps, request, 'tags', async () => {
    const { repository } = request;
    refuseByRule(deps, request);
    const signed = new Set<string>();
    for (const source of sourcesFor(deps, request)) {
      for (const tag of await deps.trust.tags(source, repository)) signed.add(tag);
    }
    const upstream = wordIsEnough(deps, request) ? await upstreamTags(deps, request, signed.size > 0) : [];
    if (signed.size === 0 && upstream.length === 0) throw await nothingThere(deps, request);
    const tags = [...new Set([...signed, ...upstream])].sort(byCodePoint).slice(0, MAX_TAGS);
    const refused = { tooLarge: 0 };
    return await served(tags, (tag) => wouldServe(deps, request, tag, signed.has(tag), refused));
  });
}

async function served(tags: readonly string[], would: (tag: string) => Promise<boolean>): Promise<readonly string[]> {
  const kept: string[] = [];
  for (let from = 0; from < tags.length; from += AT_ONCE) {
    const portion = tags.slice(from, from + AT_ONCE);
    const answers = await Promise.all(portion.map(would));
    kept.push(...portion.filter((_, i) => answers[i] === true));
    await setImmediate();
  }
  return kept;
}

/** Where no rule lets any tag in, a pull of each would be refused: so is the list. @throws policy.* */
function refuseByRule(deps: PullDeps, { repository }: PullRequest): void {
  const rules = deps.policy.rulesOf(repository);
  const refusals = rules.flatMap((rule) => {
    const ruled: Ruling = ruling(rule, deps.now());
    return rule.config.mode === 'observe' || ruled.kind === 'allow' || ruled.kind === 'require' ? [] : [ruled];
  });
  if (refusals.length < rules.length) return;
  throw refusal(refusals.at(-1) ?? { kind: 'no-rule' }, repositoryName(repository));
}

/** An outage, or a source without a pin here, is no reason to say that nothing is there. */
async function nothingThere(deps: PullDeps, request: PullRequest): Promise<TufgateError> {
  const { repository } = request;
  for (const source of sourcesFor(deps, request)) {
    const { reason = 'trust.unsigned', message } = await deps.trust.resolve(
      { kind: 'source', source },
      repository,
      'latest',
    );
    if (reason !== 'trust.unsigned')
      return new TufgateError(reason, message ?? `trust source ${source} did not answer`);
  }
  const what = `${repositoryName(repository)} has no tag that would be served: nobody trusted has signed one`;
  return new TufgateError('upstream.not-found', what);
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

async function upstreamTags(
  deps: PullDeps,
  { repository }: PullRequest,
  anySigned: boolean,
): Promise<readonly string[]> {
  try {
    return await upstreamOf(deps, repository).tags(repository.path, MAX_TAGS);
  } catch (error) {
    // The signed tags are worth listing even when the registry cannot be asked.
    if (anySigned && isReason(codeOf(error))) return [];
    throw error;
  }
}

/** Without asking the upstream about each tag: a tag it listed exists. */
async function wouldServe(
  deps: PullDeps,
  { repository }: PullRequest,
  tag: string,
  signed: boolean,
  refused: { tooLarge: number },
): Promise<boolean> {
  const rule = deps.policy.ruleFor(repository, tag);
  if (rule === undefined) return false;
  const kind = ruling(rule, deps.now()).kind;
  if (rule.config.mode === 'observe' || kind === 'allow') return true;
  if (!signed || kind !== 'require' || refused.tooLarge >= MAX_TOO_LARGE) return false;
  const { verified, digest, refusal: why } = await judgeTag(deps, repository, tag);
  if (why?.code === 'trust.too-large') refused.tooLarge++;
  // What is known: a list must not make a question of each of its digests.
  return verified && digest !== undefined && (await deps.withdrawals.stored(repository, [digest])).size === 0;
}
