import type { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import type { Repository } from '../oci/reference.ts';
import { sourcesOf } from '../policy/requirement.ts';
import type { Rule } from '../policy/rules.ts';
import { allHold, holdsOf, lasting } from '../trust/lasting.ts';
import type { Objection } from '../trust/withdrawals.ts';
import { depthAbove, type Root } from './candidates.ts';
import type { RulingDeps } from './deps.ts';
import type { TagRuling } from './rule-on-tag.ts';

/**
 * A digest that somebody took back is refused whatever let it in: a requirement of other sources, an `allow`, the past of a
 * tag, a pull in flight. `observe` serves it, and records that enforcing would not.
 *
 * What hangs below it goes too: a manifest below an approved index may be withdrawn by itself, and its layers are served only
 * where another way leads to them.
 */
export type Against = (
  root: Digest,
  as: { readonly rule?: Rule | undefined; readonly past: boolean },
) => Promise<TufgateError | undefined>;

/** Undefined when there is something against one of these today; else, by `holdsOf`, for how long there is not. */
export async function nothingAgainst(
  deps: RulingDeps,
  repository: Repository,
  digests: readonly Digest[],
): Promise<object | undefined> {
  const weighed = await Promise.all(digests.map((digest) => deps.withdrawals.weigh(repository, digest)));
  const against = weighed.some(({ objection }) => counts(objection, { past: false }));
  return against ? undefined : lasting({}, allHold(weighed.map(holdsOf)));
}

/** The ruling on a tag, after what its digest stands for was asked. */
export async function unlessWithdrawn(deps: RulingDeps, repository: Repository, ruled: TagRuling): Promise<TagRuling> {
  if (ruled.digest === undefined) return ruled;
  const weighed = await deps.withdrawals.weigh(repository, ruled.digest);
  const { objection } = weighed;
  if (counts(objection, { past: false })) return withdrawnFrom(ruled, objection.error);
  return lasting(ruled, allHold([holdsOf(ruled), holdsOf(weighed)]));
}

/** Enforcing, nothing is left to serve; observing, it goes on as if nobody had signed it. */
export function withdrawnFrom<Ruled extends TagRuling>(ruled: Ruled, refusal: TufgateError): Ruled {
  const kept = ruled.mode === 'observe' ? {} : { digest: undefined, length: undefined };
  return { ...ruled, ...kept, verified: false, refusal };
}

/**
 * What there is against serving a digest because of one of these roots. Each is asked about once.
 * @param roots every manifest whose closure holds the digest
 */
export async function againstDigest(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  kind: Child['kind'],
  roots: readonly Root[],
): Promise<Against> {
  const asked = new Map<Digest, Promise<Objection | undefined>>();
  const ask = (of: Digest): Promise<Objection | undefined> => {
    const asking = asked.get(of) ?? deps.withdrawals.objection(repository, of);
    asked.set(of, asking);
    return asking;
  };
  const cut = await cutOff(deps, repository, digest, kind, roots, ask);
  return async (root, as) => {
    const between = cut(root);
    if (between !== undefined) return between;
    for (const of of kind === 'manifest' && root !== digest ? [root, digest] : [root]) {
      const objection = await ask(of);
      if (counts(objection, as)) return objection.error;
    }
    return undefined;
  };
}

/** Manifests in between that are known to be withdrawn, and are asked about again: one may have been approved anew. */
const MAX_BETWEEN = 16;

/** @returns why no way leads from a root to the digest that does not come by something withdrawn */
async function cutOff(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  kind: Child['kind'],
  roots: readonly Root[],
  ask: (of: Digest) => Promise<Objection | undefined>,
): Promise<(root: Digest) => TufgateError | undefined> {
  const known = await deps.withdrawals.stored(repository, [...new Set(roots.map((root) => root.digest))]);
  const barred = new Map<Digest, TufgateError>();
  for (const [place, [of, { error }]] of [...known].entries()) {
    const still = place < MAX_BETWEEN ? await ask(of) : { kind: 'withdrawn', error };
    if (still?.kind === 'withdrawn') barred.set(of, still.error);
  }
  const [first] = barred.values();
  if (first === undefined) return () => undefined;
  const open = await deps.closure.ancestors(digest, depthAbove(kind), [...barred.keys()]);
  const reached = new Set(open.map((up) => up.digest));
  return (root) => (reached.has(root) ? undefined : (barred.get(root) ?? barred.get(digest) ?? first));
}

/** That the approval of the digest has ended is nothing against one by a tag, which has an end of its own; its past it ends. */
function counts(objection: Objection | undefined, { rule, past }: Parameters<Against>[1]): objection is Objection {
  if (objection?.kind !== 'ended') return objection !== undefined;
  const action = rule?.config.action;
  if (!past || action?.kind !== 'require') return false;
  return sourcesOf(action.requirement).some(({ source }) => source === objection.source);
}
