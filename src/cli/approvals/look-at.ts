import type { Entry } from '../../approvals/document/documents.ts';
import { digestTarget, tagTarget } from '../../approvals/document/names.ts';
import { withdrawnBefore } from '../../approvals/edit/approve.ts';
import type { Draft } from '../../approvals/edit/draft.ts';
import { difference } from '../../approvals/inspect/difference.ts';
import { type Evidence, isAlarming } from '../../approvals/inspect/evidence.ts';
import type { ImageFacts } from '../../approvals/inspect/facts.ts';
import { gatherEvidence } from '../../approvals/inspect/gather-evidence.ts';
import { imageFacts } from '../../approvals/inspect/image-facts.ts';
import { differenceLines } from '../../approvals/inspect/render-difference.ts';
import { evidenceLines } from '../../approvals/inspect/render-evidence.ts';
import { factsLines } from '../../approvals/inspect/render-facts.ts';
import { withdrawnWords } from '../../approvals/proposal/explain-words.ts';
import type { ReadFile } from '../../approvals/standing/standing.ts';
import type { ListedImage } from '../../approvals/lists/listing.ts';
import type { Judge } from '../../compose.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import { hexOf, parseDigest } from '../../oci/digest.ts';
import { imageName, repositoryName } from '../../oci/reference.ts';
import { elsewhere, withdrawnElsewhereLines } from './same-digest.ts';

/** An image that is about to be approved: what it is, what changed, and what speaks for and against it. */
export interface Looked {
  readonly facts: ImageFacts;
  readonly tag?: string;
  readonly evidence: readonly Evidence[];
  readonly alarming: boolean;
  readonly lines: readonly string[];
  readonly reason?: string;
}

export interface LookDeps {
  readonly judge: Judge;
  /** As approved so far. */
  readonly standing: Draft;
  /** The published files. */
  readonly read: ReadFile;
  /** Names of the trust sources that are asked. */
  readonly sources: readonly string[];
  /** Of many images only the manifests are asked for. */
  readonly brief: boolean;
  /** What was withdrawn may come back. */
  readonly reinstate: boolean;
  readonly now: number;
}

/** @throws policy.unknown-registry · upstream.* · integrity.* */
export async function lookAt(deps: LookDeps, { image, digest, reason, note }: ListedImage): Promise<Looked> {
  const { judge, brief, now } = deps;
  const { registry, path, tag } = image;
  const upstream = judge.deps.upstreams.get(registry);
  if (upstream === undefined) throw unknownRegistry(registry, judge);
  const { maxManifestBytes } = judge.deps;
  const facts = await imageFacts(upstream, { registry, path }, digest ?? tag ?? 'latest', { maxManifestBytes, brief });
  if (!deps.reinstate) await refuseWithdrawn(deps.standing, facts);
  const named = tag === undefined ? facts : { ...facts, tag };
  const evidence = await gatherEvidence(
    { trust: judge.deps.trust, sources: deps.sources, upstream, maxManifestBytes },
    named,
  );
  return {
    facts: named,
    ...(tag !== undefined && { tag }),
    evidence,
    alarming: evidence.some(isAlarming),
    lines: [
      ...factsLines(named, now),
      ...(note === undefined ? [] : [note]),
      ...(await changedLines(deps, named, tag)),
      ...(await otherLines(deps, facts)),
      ...evidenceLines(evidence, now),
    ],
    ...(reason !== undefined && { reason }),
  };
}

/** Of a batch it is this one that is left out. @throws trust.withdrawn */
async function refuseWithdrawn(standing: Draft, { repository, digest }: ImageFacts): Promise<void> {
  const word = (await standing.entry(digestTarget(repositoryName(repository), hexOf(digest))))?.word;
  if (word?.kind === 'withdrawn') throw withdrawnBefore(imageName({ ...repository, digest }), withdrawnWords(word));
}

async function changedLines(deps: LookDeps, facts: ImageFacts, tag: string | undefined): Promise<readonly string[]> {
  const before = await approvedBefore(deps, facts, tag);
  if (before === undefined) return tag === undefined ? [] : ['It was not approved before.'];
  if (`sha256:${before.sha256}` === facts.digest) return ['It is the digest that is approved already.'];
  const upstream = deps.judge.deps.upstreams.get(facts.repository.registry);
  const { maxManifestBytes } = deps.judge.deps;
  const digest = parseDigest(`sha256:${before.sha256}`);
  try {
    if (upstream === undefined) throw unknownRegistry(facts.repository.registry, deps.judge);
    const old = await imageFacts(upstream, facts.repository, digest, { maxManifestBytes, brief: deps.brief });
    return differenceLines(difference(old, facts));
  } catch (error) {
    return [`Approved so far is ${digest}, which the upstream does not show any more: ${messageOf(error)}`];
  }
}

/** Of many images it would take too long. */
async function otherLines(
  { standing, read, brief }: LookDeps,
  { repository, digest }: ImageFacts,
): Promise<readonly string[]> {
  if (brief) return [];
  return withdrawnElsewhereLines(await elsewhere({ standing, read }, repositoryName(repository), hexOf(digest)));
}

async function approvedBefore(
  { standing }: LookDeps,
  { repository }: ImageFacts,
  tag: string | undefined,
): Promise<Entry | undefined> {
  return tag === undefined ? undefined : await standing.entry(tagTarget(repositoryName(repository), tag));
}

function unknownRegistry(registry: string, { config }: Judge): TufgateError {
  const known = [...config.upstreams.keys()].join(', ');
  return new TufgateError(
    'policy.unknown-registry',
    `${registry} is not under upstreams in ${config.file} (known: ${known}): this gate fetches nothing from it; add it there, or check the name`,
  );
}

export function nameOf({ facts, tag }: Looked): string {
  return imageName({ ...facts.repository, ...(tag !== undefined && { tag }), digest: facts.digest });
}
