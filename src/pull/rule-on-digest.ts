import { setImmediate } from 'node:timers/promises';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import { imageName, type Repository } from '../oci/reference.ts';
import { ruling } from '../policy/decide.ts';
import { type Candidate, candidatesFor, type Root } from './candidates.ts';
import type { RulingDeps } from './deps.ts';
import { NO_TAG } from './give-out.ts';
import { coversPast } from './past.ts';
import { ruleOnSignedDigest } from './rule-on-signed-digest.ts';
import { judgeTag, type TagRuling } from './rule-on-tag.ts';

/**
 * May this digest of this repository be served? Only when an admission covers it: a root digest that a tag stands for,
 * or stood for, whose rule allows it today, and in whose closure it is (design.md section 4, "Requests by digest").
 *
 * The attack this closes: `docker pull name@sha256:…` of content that the registry has and nobody signed, and its
 * layers as blobs. Whoever asks for a digest outside every closure learns nothing, not even whether it exists, and the
 * upstream is not asked.
 */
export interface DigestRuling extends TagRuling {
  readonly digest: Digest;
  /** The tag that covers it; absent when the digest itself is signed, and for what `observe` lets through without one. */
  readonly tag?: string;
  /** The tag stands for it today, not only in the past. */
  readonly current?: boolean;
  /** The edge that leads here: size and type as the manifest above gives them. Absent for a root. */
  readonly edge?: Child;
}

/** @throws policy.digest-outside-closure, or why the one tag that names it is refused (`trust.unreachable`, …) */
export async function ruleOnDigest(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  kind: Child['kind'],
): Promise<DigestRuling> {
  const found = await candidatesFor(deps, repository, digest, kind);
  let refused = found.unanswered;
  let unverified: DigestRuling | undefined;
  let tooLarge = 0;
  for (const candidate of found.candidates) {
    const ruled = await covers(deps, repository, digest, candidate);
    if (ruled instanceof TufgateError && ruled.code === 'trust.too-large' && ++tooLarge >= MAX_TOO_LARGE) break;
    if (ruled instanceof TufgateError) refused ??= OUTAGES.has(ruled.code) ? ruled : undefined;
    // An unsigned tag may name the same content with sizes of its own making: what is signed goes first.
    else if (ruled.verified) return ruled;
    else unverified ??= ruled;
    await setImmediate();
  }
  const signed = await ruleOnSignedDigest(deps, repository, found);
  if (signed !== undefined) return { ...signed, digest };
  const observed = kind === 'manifest' ? observedWithoutTag(deps, repository, digest) : undefined;
  return unverified ?? observed ?? raise(refused ?? outside(repository, digest));
}

/**
 * The attack: 256 tags of one's own name one digest, and each is a question that takes all the steps that one may take. Others
 * have their turn after each, and these are enough to see what the rest are like.
 */
const MAX_TOO_LARGE = 4;

/** Where the digest would be covered but for an outage, saying so beats "pull the tag once". */
const OUTAGES: ReadonlySet<string> = new Set(['trust.unreachable', 'trust.expired', 'trust.withdrawn']);

/** The rule that the tag meets today decides; then the tag must stand for a root, or have done so recently enough. */
async function covers(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  candidate: Candidate,
): Promise<DigestRuling | TufgateError> {
  const { tag, roots } = candidate;
  if (tag === NO_TAG)
    return observedWithoutTag(deps, repository, digest, roots[0]?.edge) ?? outside(repository, digest);
  const ruled = await judgeTag(deps, repository, tag);
  if (ruled.digest === undefined) return ruled.refusal ?? outside(repository, digest);
  const standing = roots.find((root) => root.digest === ruled.digest);
  const root = standing ?? (await pastRoot(deps, repository, candidate, ruled));
  if (root === undefined) return outside(repository, digest);
  const { length, ...rest } = ruled;
  const isTop = standing !== undefined && root.digest === digest;
  return {
    ...rest,
    digest,
    tag,
    current: standing !== undefined,
    ...(root.edge === undefined ? {} : { edge: root.edge }),
    ...(isTop && length !== undefined ? { length } : {}),
  };
}

async function pastRoot(
  deps: RulingDeps,
  repository: Repository,
  { roots, givenOut, statements }: Candidate,
  ruled: TagRuling,
): Promise<Root | undefined> {
  for (const given of givenOut) {
    const root = roots.find(({ digest }) => digest === given.digest);
    if (root !== undefined && (await coversPast(deps, repository, ruled, given, statements))) return root;
  }
  return undefined;
}

/** A digest without a tag in a repository that is only observed: served, and recorded as what would be refused. */
function observedWithoutTag(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  edge?: Child,
): DigestRuling | undefined {
  const rule = deps.policy.rulesOf(repository)[0];
  if (rule?.config.mode !== 'observe' || rule.tagged) return undefined;
  const found = ruling(rule, deps.now());
  if (found.kind === 'no-rule' || found.kind === 'allow') return undefined;
  const refusal = outside(repository, digest);
  return {
    rule,
    mode: 'observe',
    verified: false,
    digest,
    refusal,
    sources: [],
    ...(edge === undefined ? {} : { edge }),
  };
}

function outside(repository: Repository, digest: Digest): TufgateError {
  const image = imageName({ ...repository, digest });
  return new TufgateError(
    'policy.digest-outside-closure',
    `${image} does not belong to any image that was approved in this repository; if it should, pull its tag once`,
  );
}

function raise(error: TufgateError): never {
  throw error;
}
