import { type Reason, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { MAX_DEPTH } from '../../oci/manifest.ts';
import { type ImageName, imageName, parseImageName, repositoryName } from '../../oci/reference.ts';
import type { Policy } from '../../policy/rules.ts';
import type { ClosureStore, DecisionStore, StoredDecision } from '../../state/store.ts';
import { whyNotCured } from './cure.ts';

/** What the gate refused, or would have under `enforce`, and what an approval can do about it. */
export interface Denied {
  /** An approval lets these in, as far as anybody can tell; the most asked for first. */
  readonly images: readonly DeniedImage[];
  /** No approval alone does. */
  readonly beyond: readonly (DeniedImage & { readonly why: string })[];
  /** false: there are more decisions than were read; the newest were. */
  readonly complete: boolean;
}

export interface DeniedImage {
  /** With its tag where it was asked for by tag, else with its digest. */
  readonly image: ImageName;
  /** Of a digest: tags that this gate gave it out for, or saw it stand for; the newest first. */
  readonly tags: readonly string[];
  readonly reasons: readonly Reason[];
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Always served, in observe mode. */
  readonly observed: boolean;
}

export interface DeniedOptions {
  readonly policy: Policy;
  /** The name of the trust source that the approvals are. */
  readonly approvals: string;
  /** Epoch milliseconds. */
  readonly since: number;
  /** Decisions to read, of each of both kinds. */
  readonly limit?: number;
}

type Store = Pick<DecisionStore, 'decisions'> & Pick<ClosureStore, 'ancestors' | 'givenOut'>;

const LIMIT = 20_000;

/** @throws state.failed */
export async function deniedImages(store: Store, options: DeniedOptions): Promise<Denied> {
  const { since, limit = LIMIT } = options;
  const denied = await store.decisions({ since, verdict: 'deny', event: 'pull', limit });
  const observed = await store.decisions({ since, wouldDeny: true, event: 'pull', limit });
  const groups = new Map<string, Group>();
  for (const decisions of bySubject([...denied, ...observed].filter(aboutApproval))) {
    const named = await namedBy(store, decisions[0]);
    if (named === undefined) continue;
    const key = imageName(named.image);
    const group = groups.get(key) ?? { ...named, decisions: [] };
    for (const decision of decisions) group.decisions.push(decision);
    groups.set(key, group);
  }
  const all = [...groups.values()].map((group) => judged(group, options)).sort(mostFirst);
  return {
    images: all.flatMap(({ why, ...image }) => (why === undefined ? [image] : [])),
    beyond: all.flatMap(({ why, ...image }) => (why === undefined ? [] : [{ ...image, why }])),
    complete: denied.length < limit && observed.length < limit,
  };
}

interface Named {
  readonly image: ImageName;
  readonly tags: readonly string[];
}

interface Group extends Named {
  readonly decisions: StoredDecision[];
}

/** A manifest that policy or trust refused. Blobs hang on one; what the upstream or a name was to blame for is another matter. */
function aboutApproval({ request, reason }: StoredDecision): boolean {
  if (request !== 'manifest' || reason === undefined || reason === 'policy.unknown-registry') return false;
  return reason.startsWith('policy.') || reason.startsWith('trust.');
}

type Several = [StoredDecision, ...StoredDecision[]];

function bySubject(decisions: readonly StoredDecision[]): Iterable<Several> {
  const found = new Map<string, Several>();
  for (const decision of decisions) {
    const key = [decision.repository, decision.tag, decision.asked].join('\n');
    const known = found.get(key);
    if (known === undefined) found.set(key, [decision]);
    else known.push(decision);
  }
  return found.values();
}

async function namedBy(store: Store, { repository, tag, asked }: StoredDecision): Promise<Named | undefined> {
  const image = named(repository, tag, asked);
  if (image === undefined || image.digest === undefined) return image && { image, tags: [] };
  return await rootOf(store, image, image.digest);
}

/** @returns undefined for a name that was refused before it had a meaning */
function named(repository: string, tag: string | undefined, asked: Digest | undefined): ImageName | undefined {
  try {
    const text = tag !== undefined ? `${repository}:${tag}` : asked !== undefined ? `${repository}@${asked}` : '';
    const image = parseImageName(text);
    return repositoryName(image) === repository ? image : undefined;
  } catch (error) {
    if (error instanceof TufgateError) return undefined;
    throw error;
  }
}

/** Clients that pulled an index go on with one manifest of it: what is to be approved is what was given out, the index. */
async function rootOf(store: Store, image: ImageName, digest: Digest): Promise<Named> {
  const above = [...new Set((await store.ancestors(digest, MAX_DEPTH)).map((each) => each.digest)), digest];
  const given = await store.givenOut(repositoryName(image), above);
  const tagged = given.some((each) => each.digest === digest && each.tag !== '');
  const root = (tagged ? undefined : given.find((each) => each.digest !== digest)?.digest) ?? digest;
  const tags = given.flatMap((each) => (each.digest === root && each.tag !== '' ? [each.tag] : []));
  return { image: { registry: image.registry, path: image.path, digest: root }, tags: [...new Set(tags)] };
}

function judged({ image, tags, decisions }: Group, options: DeniedOptions): DeniedImage & { why: string | undefined } {
  const newest = decisions.reduce((a, b) => (b.at >= a.at ? b : a));
  const { policy, approvals } = options;
  // A digest is let in by a rule on tags too, under the tag that it is approved with.
  const ways = image.tag === undefined ? [undefined, ...tags] : [image.tag];
  const reasonsAgainst = ways.map((tag) => whyNotCured(policy, approvals, image, tag, newest));
  return {
    image,
    tags,
    reasons: [...new Set(decisions.flatMap(({ reason }) => reason ?? []))],
    count: decisions.reduce((sum, { count }) => sum + count, 0),
    firstAt: decisions.reduce((first, { firstAt }) => Math.min(first, firstAt), newest.at),
    lastAt: newest.at,
    observed: decisions.every(({ wouldDeny }) => wouldDeny),
    why: reasonsAgainst.includes(undefined) ? undefined : reasonsAgainst[0],
  };
}

function mostFirst(a: DeniedImage, b: DeniedImage): number {
  return b.count - a.count || b.lastAt - a.lastAt || (imageName(a.image) < imageName(b.image) ? -1 : 1);
}
