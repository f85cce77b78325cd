import { setImmediate } from 'node:timers/promises';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import { imageName, type Repository } from '../oci/reference.ts';
import { ruling } from '../policy/decide.ts';
import { type Candidate, type Candidates, candidatesFor, type Root } from './candidates.ts';
import type { RulingDeps } from './deps.ts';
import { NO_TAG } from './give-out.ts';
import { coversPast } from './past.ts';
import { ruleOnSignedDigest } from './rule-on-signed-digest.ts';
import { judgeTag, type TagRuling } from './rule-on-tag.ts';
import { type Against, againstDigest, withdrawnFrom } from './withdrawn.ts';

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
  const known = await deps.covers.ruling(deps, { repository, digest, kind });
  if (known !== undefined) return known;
  const found = await candidatesFor(deps, repository, digest, kind);
  const against = await againstDigest(deps, repository, digest, kind, found.roots);
  let refused = found.unanswered;
  let unverified: DigestRuling | undefined;
  let tooLarge = 0;
  for (const candidate of found.candidates) {
    const covered = await covers(deps, repository, digest, candidate);
    const ruled = await unlessTakenBack(covered, against);
    if (ruled instanceof TufgateError && ruled.code === 'trust.too-large' && ++tooLarge >= MAX_TOO_LARGE) break;
    if (ruled instanceof TufgateError) refused ??= OUTAGES.has(ruled.code) ? ruled : undefined;
    // An unsigned tag may name the same content with sizes of its own making: what is signed goes first.
    else if (ruled.verified) {
      await noteCover(deps, { repository, digest, kind }, candidate, covered);
      return ruled;
    } else unverified ??= ruled;
    await setImmediate();
  }
  const signed = await ruleOnSignedDigest(deps, repository, found, against);
  if (signed instanceof TufgateError) refused = signed;
  else if (signed !== undefined) return { ...signed, digest };
  const observed = kind === 'manifest' ? observedWithoutTag(deps, repository, digest) : undefined;
  const served =
    unverified ?? (observed && (await unlessTakenBack({ ruled: observed, root: digest, past: false }, against)));
  if (served !== undefined && !(served instanceof TufgateError)) return served;
  throw (await tellingMore(found, against)) ?? refused ?? outside(repository, digest);
}

/** What was covered by the past of its tag is looked for each time. */
async function noteCover(
  deps: RulingDeps,
  asked: Parameters<RulingDeps['covers']['note']>[1],
  { tag, roots }: Candidate,
  covered: Covered | TufgateError,
): Promise<void> {
  if (covered instanceof TufgateError || covered.past) return;
  const root = roots.find((each) => each.digest === covered.root);
  if (root !== undefined) await deps.covers.note(deps, asked, tag, root);
}

/**
 * The attack: 256 tags of one's own name one digest, and each is a question that takes all the steps that one may take. Others
 * have their turn after each, and these are enough to see what the rest are like.
 */
const MAX_TOO_LARGE = 4;

/** Where the digest would be covered but for an outage, saying so beats "pull the tag once". */
const OUTAGES: ReadonlySet<string> = new Set(['trust.unreachable', 'trust.expired', 'trust.withdrawn']);

/** A ruling, and by which root: the tag stands for it, or did. */
interface Covered {
  readonly ruled: DigestRuling;
  readonly root: Digest;
  readonly past: boolean;
}

async function unlessTakenBack(
  covered: Covered | TufgateError,
  against: Against,
): Promise<DigestRuling | TufgateError> {
  if (covered instanceof TufgateError) return covered;
  const { ruled, root, past } = covered;
  const error = await against(root, { rule: ruled.rule, past });
  if (error === undefined) return ruled;
  return ruled.mode === 'observe' ? withdrawnFrom(ruled, error) : error;
}

/** Of given out roots that are asked why nothing covers them any more. */
const MAX_TOLD = 4;

/** What was given out here, and was taken back since, is told as that: a withdrawn tag is mostly gone as well. */
async function tellingMore({ given }: Candidates, against: Against): Promise<TufgateError | undefined> {
  for (const root of [...new Set(given.map(({ digest }) => digest))].slice(0, MAX_TOLD)) {
    const error = await against(root, { past: false });
    if (error !== undefined) return error;
  }
  return undefined;
}

/** The rule that the tag meets today decides; then the tag must stand for a root, or have done so recently enough. */
async function covers(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  candidate: Candidate,
): Promise<Covered | TufgateError> {
  const { tag, roots } = candidate;
  if (tag === NO_TAG) {
    const ruled = observedWithoutTag(deps, repository, digest, roots[0]?.edge);
    return ruled === undefined ? outside(repository, digest) : { ruled, root: roots[0]?.digest ?? digest, past: false };
  }
  const ruled = await judgeTag(deps, repository, tag);
  if (ruled.digest === undefined) return ruled.refusal ?? outside(repository, digest);
  const standing = roots.find((root) => root.digest === ruled.digest);
  const root = standing ?? (await pastRoot(deps, repository, candidate, ruled));
  if (root === undefined) return outside(repository, digest);
  const { length, ...rest } = ruled;
  const isTop = standing !== undefined && root.digest === digest;
  const made = {
    ...rest,
    digest,
    tag,
    current: standing !== undefined,
    ...(root.edge === undefined ? {} : { edge: root.edge }),
    ...(isTop && length !== undefined ? { length } : {}),
  };
  return { ruled: made, root: root.digest, past: standing === undefined };
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
