import type { DigestsConfig } from '../config/config.ts';
import type { Repository } from '../oci/reference.ts';
import { sourcesOf } from '../policy/requirement.ts';
import type { GivenOut } from '../state/store.ts';
import type { Statement } from '../trust/service.ts';
import { restsOn } from './basis.ts';
import type { RulingDeps } from './deps.ts';
import type { TagRuling } from './rule-on-tag.ts';

/**
 * What a tag stood for before, and stands for no more: may it still be served?
 *
 * Only what this gate itself gave out for that tag counts, under the very rule and pins of today, and by the word of the same role: then the whole
 * requirement was judged, at one instant, conflicts and distinct keys included; and what `allow` or `observe` merely let
 * through never counts for an enforcing rule. Putting an approval together from past
 * statements was rejected: a lone signer in two roles, or two signers at two times, would make one that never was.
 * And a tag that was removed or revoked since takes all of it with it, also when it is signed again later.
 */
export async function coversPast(
  deps: RulingDeps,
  repository: Repository,
  ruled: TagRuling,
  given: GivenOut,
  statements: readonly Statement[],
): Promise<boolean> {
  if (given.basis !== restsOn(deps.basis, ruled)) return false;
  const now = deps.now();
  const since = endOf(given, statements) ?? given.at;
  const inFlight = now - given.at <= IN_FLIGHT_MS;
  if (!inFlight && !(given.verified && keeps(ruled.rule?.config.digests, now - since))) return false;
  return !(await removedSince(deps, repository, ruled, given));
}

/** A pull in flight may end after its tag has moved. */
const IN_FLIGHT_MS = 60 * 60 * 1000;

function keeps(digests: DigestsConfig | undefined, age: number): boolean {
  switch (digests?.kind) {
    case undefined:
    case 'current':
      return false;
    case 'any':
      return true;
    case 'superseded':
      return age <= digests.forMs;
  }
}

/**
 * When the tag stopped standing for it; undefined when no source says. The first end since it was given out: a role that no
 * rule believes, and that names the digest and stops again every month, would keep it alive for ever.
 */
function endOf({ digest, at }: GivenOut, statements: readonly Statement[]): number | undefined {
  const ends = statements.flatMap(({ until, digest: of }) =>
    of === digest && until !== undefined && until >= at ? [until] : [],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

async function removedSince(
  deps: RulingDeps,
  repository: Repository,
  { rule }: TagRuling,
  { tag, at }: GivenOut,
): Promise<boolean> {
  if (rule?.config.action.kind !== 'require') return false;
  for (const { source } of sourcesOf(rule.config.action.requirement)) {
    const removed = (await deps.trust.removals(source, repository, [tag])).get(tag);
    if (removed !== undefined && removed >= at) return true;
  }
  return false;
}
