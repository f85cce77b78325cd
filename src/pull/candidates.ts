import { isReason, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { type Child, MAX_DEPTH } from '../oci/manifest.ts';
import { type Repository, repositoryName } from '../oci/reference.ts';
import { sourcesOf } from '../policy/requirement.ts';
import type { GivenOut } from '../state/store.ts';
import type { Statement } from '../trust/service.ts';
import type { RulingDeps } from './deps.ts';

/** A manifest whose closure holds the digest, and the edge that leads there; none for the digest itself. */
export interface Root {
  readonly digest: Digest;
  readonly edge?: Child;
}

/** A tag of this repository that names, or named, such roots. */
export interface Candidate {
  readonly tag: string;
  readonly roots: readonly Root[];
  readonly givenOut: readonly GivenOut[];
  readonly statements: readonly Statement[];
}

export interface Candidates {
  /** Every manifest whose closure holds the digest, whatever tag names it. */
  readonly roots: readonly Root[];
  /** What was given out of them in this repository. */
  readonly given: readonly GivenOut[];
  readonly candidates: readonly Candidate[];
  /** Why one of the sources could not be asked. */
  readonly unanswered?: TufgateError;
}

/** Tags that are looked at for one digest: those for which it was given out, then those that name it today, first. */
const MAX_TAGS = 256;

/**
 * The tags that may cover a digest: what the sources of this repository's rules say of it, and what was given out.
 * They only say where to look; whether one covers it is for its rule to decide.
 */
export async function candidatesFor(
  deps: RulingDeps,
  repository: Repository,
  digest: Digest,
  kind: Child['kind'],
): Promise<Candidates> {
  const roots = await rootsAbove(deps, digest, kind);
  if (roots.length === 0) return { roots, given: [], candidates: [] };
  const digests = [...new Set(roots.map((root) => root.digest))];
  const given = await deps.closure.givenOut(repositoryName(repository), digests);
  const { statements, unanswered } = await statementsOn(deps, repository, digests);
  const today = statements.filter(({ until }) => until === undefined);
  const tags = new Set([...given, ...today, ...statements].map(({ tag }) => tag));
  const candidates = [...tags].slice(0, MAX_TAGS).map((tag) => candidate(tag, roots, given, statements));
  return { roots, given, candidates, ...(unanswered === undefined ? {} : { unanswered }) };
}

function candidate(
  tag: string,
  roots: readonly Root[],
  given: readonly GivenOut[],
  statements: readonly Statement[],
): Candidate {
  const mine = {
    givenOut: given.filter((each) => each.tag === tag),
    statements: statements.filter((each) => each.tag === tag),
  };
  const named = new Set([...mine.givenOut, ...mine.statements].map(({ digest }) => digest));
  return { tag, ...mine, roots: roots.filter((root) => named.has(root.digest)) };
}

/** How many edges up a root may be. */
export function depthAbove(kind: Child['kind']): number {
  return kind === 'blob' ? MAX_DEPTH : MAX_DEPTH - 1;
}

/** A layer that reads like a manifest is not one, nor the other way round: a root is always a manifest. */
async function rootsAbove(deps: RulingDeps, digest: Digest, kind: Child['kind']): Promise<Root[]> {
  const above = await deps.closure.ancestors(digest, depthAbove(kind));
  return above.filter(({ edge }) => (edge === undefined ? kind === 'manifest' : edge.kind === kind));
}

/**
 * Every source that a rule of this repository rests on is asked which tags name, or named, these digests. One that
 * cannot say (no pin covers the repository) admits nothing itself, and takes nothing from what another source signed.
 */
async function statementsOn(
  deps: RulingDeps,
  repository: Repository,
  digests: readonly Digest[],
): Promise<{ statements: readonly Statement[]; unanswered?: TufgateError }> {
  const sources = deps.policy.rulesOf(repository).flatMap(({ config: { action } }) => {
    return action.kind === 'require' ? sourcesOf(action.requirement).map(({ source }) => source) : [];
  });
  const ask = (source: string): Promise<readonly Statement[] | TufgateError> =>
    deps.trust.statements(source, repository, digests).catch(onlyReasons);
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
