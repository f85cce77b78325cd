import { isReason, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { type Child, MAX_DEPTH } from '../oci/manifest.ts';
import { imageName, type Repository, repositoryName } from '../oci/reference.ts';
import { ruling } from '../policy/decide.ts';
import { sourcesOf } from '../policy/requirement.ts';
import type { GivenOut } from '../state/store.ts';
import type { RulingDeps } from './deps.ts';
import { ruleOnTag, type TagRuling } from './rule-on-tag.ts';
import { coversPast, type PastStatement } from './superseded.ts';

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
  /** The tag that covers it; absent for what `observe` lets through without one. */
  readonly tag?: string;
  /** The edge that leads here: size and type as the manifest above gives them. Absent for a root. */
  readonly edge?: Child;
}

/** Stands in `given out` for a digest that was let through without a tag. */
export const NO_TAG = '';
/** A pull in flight may end after its tag has moved. */
const IN_FLIGHT_MS = 60 * 60 * 1000;
/** Tags that are looked at for one digest; a digest with more names than this has one that covers it among them. */
const MAX_CANDIDATES = 256;

interface Root {
  readonly digest: Digest;
  readonly edge?: Child;
}

/** A tag that names, or named, a root above the digest. */
interface Candidate {
  readonly tag: string;
  readonly root: Root;
  readonly givenOut?: GivenOut;
  readonly statements: readonly PastStatement[];
}

/** @throws policy.digest-outside-closure, or why the one tag that names it is refused (`trust.unreachable`, …) */
export async function ruleOnDigest(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  kind: Child['kind'],
): Promise<DigestRuling> {
  const roots = await rootsAbove(deps, digest, kind);
  const { candidates, unanswered } = await candidatesFor(deps, repository, roots);
  let refused = unanswered;
  for (const candidate of candidates) {
    const ruled = await covers(deps, repository, digest, candidate);
    if (!(ruled instanceof TufgateError)) return ruled;
    refused ??= OUTAGES.has(ruled.code) ? ruled : undefined;
  }
  const observed = kind === 'manifest' ? observedWithoutTag(deps, repository, digest) : undefined;
  return observed ?? raise(refused ?? outside(repository, digest));
}

/** Where the digest would be covered but for an outage, saying so beats "pull the tag once". */
const OUTAGES: ReadonlySet<string> = new Set(['trust.unreachable', 'trust.expired', 'trust.withdrawn']);

async function rootsAbove(deps: RulingDeps, digest: Digest, kind: Child['kind']): Promise<Root[]> {
  const depth = kind === 'blob' ? MAX_DEPTH : MAX_DEPTH - 1;
  const above = await deps.closure.ancestors(digest, depth);
  // A layer that reads like a manifest is not one, nor the other way round: a root is always a manifest.
  return above.filter(({ edge }) => (edge === undefined ? kind === 'manifest' : edge.kind === kind));
}

async function candidatesFor(
  deps: RulingDeps,
  repository: Repository,
  roots: readonly Root[],
): Promise<{ candidates: readonly Candidate[]; unanswered?: TufgateError }> {
  if (roots.length === 0) return { candidates: [] };
  const digests = roots.map((root) => root.digest);
  const given = await deps.closure.givenOut(repositoryName(repository), digests);
  const { statements: stated, unanswered } = await statementsOn(deps, repository, digests);
  const candidates = new Map<string, Candidate>();
  for (const { tag, digest } of [...given, ...stated]) {
    const root = roots.find((each) => each.digest === digest);
    const key = `${tag}\n${digest}`;
    if (root === undefined || candidates.has(key)) continue;
    const givenOut = given.find((each) => each.tag === tag && each.digest === digest);
    const statements = stated.filter((each) => each.tag === tag && each.digest === digest);
    candidates.set(key, { tag, root, statements, ...(givenOut === undefined ? {} : { givenOut }) });
  }
  const found = { candidates: [...candidates.values()].slice(0, MAX_CANDIDATES) };
  return unanswered === undefined ? found : { ...found, unanswered };
}

/**
 * Every source that a rule of this repository rests on is asked which tags name, or named, these digests. One that
 * cannot say (no pin covers the repository) admits nothing itself, and takes nothing from what another source signed.
 */
async function statementsOn(
  deps: RulingDeps,
  repository: Repository,
  digests: readonly Digest[],
): Promise<{ statements: readonly PastStatement[]; unanswered?: TufgateError }> {
  const sources = deps.policy.rulesOf(repository).flatMap(({ config: { action } }) => {
    return action.kind === 'require' ? sourcesOf(action.requirement).map(({ source }) => source) : [];
  });
  const ask = async (source: string): Promise<readonly PastStatement[] | TufgateError> => {
    const stated = await deps.trust.statements(source, repository, digests).catch(onlyReasons);
    return stated instanceof TufgateError ? stated : stated.map((statement) => ({ ...statement, source }));
  };
  const answers = await Promise.all([...new Set(sources)].map(ask));
  const unanswered = answers.find((answer) => answer instanceof TufgateError);
  const statements = answers.flatMap((answer) => (answer instanceof TufgateError ? [] : answer));
  return unanswered === undefined ? { statements } : { statements, unanswered };
}

/** What is not about trust is a fault of our own, and stays one. */
function onlyReasons(error: unknown): TufgateError {
  if (error instanceof TufgateError && isReason(error.code)) return error;
  throw error;
}

/** The rule that the tag meets today decides; then the tag must stand for the root, or have done so recently enough. */
async function covers(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  candidate: Candidate,
): Promise<DigestRuling | TufgateError> {
  const { tag, root, givenOut } = candidate;
  if (tag === NO_TAG) return observedWithoutTag(deps, repository, digest, root.edge) ?? outside(repository, digest);
  const ruled = await ruleOnTag(deps, repository, tag);
  const edge = root.edge === undefined ? {} : { edge: root.edge };
  const { length, ...rest } = ruled;
  const answer = {
    ...rest,
    digest,
    tag,
    ...edge,
    ...(root.digest === digest && length !== undefined ? { length } : {}),
  };
  if (ruled.digest === root.digest) return answer;
  const tagIsGone = ruled.digest === undefined;
  if (tagIsGone) return ruled.refusal ?? outside(repository, digest);
  const past = { ...rest, digest, tag, ...edge };
  if (inFlight(deps, givenOut, ruled)) return past;
  return coversPast(ruled, candidate.statements, deps.now()) ? past : outside(repository, digest);
}

/** Only under the same rule and pins; and what was merely let through never counts once the rule enforces signatures. */
function inFlight(deps: RulingDeps, givenOut: GivenOut | undefined, ruled: TagRuling): boolean {
  if (givenOut === undefined || deps.now() - givenOut.at > IN_FLIGHT_MS) return false;
  return givenOut.basis === deps.basis(ruled.rule) && (givenOut.verified || !ruled.verified);
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
