import { codeOf, TufgateError } from '../errors.ts';
import { createHash } from 'node:crypto';
import { type Digest, sha256Digest } from '../oci/digest.ts';
import { imageName, type Repository } from '../oci/reference.ts';
import type { Holds } from '../trust/lasting.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import type { RulingDeps } from './deps.ts';

/**
 * The registry's own word for a tag. It counts only where a rule says that integrity is enough (`allow`, `observe`),
 * and for one question where nothing is served: does an unsigned tag exist at all?
 */
const NEGATIVE_MS = 5_000;
/** As long as a digest is served that was given out for a tag: who pulled it by digest would get it, too. */
const LAST_WORD_MS = 3_600_000;

export function upstreamOf(deps: RulingDeps, repository: Repository): UpstreamRegistry {
  const upstream = deps.upstreams.get(repository.registry);
  if (upstream !== undefined) return upstream;
  const why = 'is not one that tufgate may fetch from: ask the operator to add it to upstreams';
  throw new TufgateError('policy.unknown-registry', `registry ${repository.registry} ${why}`);
}

/**
 * While the registry cannot be asked, or asks us to wait, its last word stands for an hour: an outage must not stop the
 * pulls of what is cached here. Whoever can cause one keeps a tag where it is for that long, no more.
 * @returns the digest that the registry names for the tag today. @throws upstream.*
 */
export async function unsignedDigest(deps: RulingDeps, repository: Repository, tag: string): Promise<Digest> {
  const image = imageName({ ...repository, tag });
  const known = deps.unsignedTags.get(image);
  if (known?.found === true && deps.now() - known.at < deps.checkEveryMs) return known.digest;
  try {
    const digest = await unlessAbsent(deps, image, () => askForDigest(deps, repository, tag));
    deps.unsignedTags.set(image, { found: true, digest, at: deps.now() });
    return digest;
  } catch (error) {
    const cannotSay = codeOf(error) === 'upstream.unreachable' || codeOf(error) === 'upstream.rate-limited';
    if (cannotSay && known?.found === true && deps.now() - known.at < LAST_WORD_MS) return known.digest;
    throw error;
  }
}

/** While the registry would not be asked again, and its last word is still this one. */
export function wordHolds(deps: RulingDeps, repository: Repository, tag: string, digest: Digest): Holds | undefined {
  const image = imageName({ ...repository, tag });
  const known = deps.unsignedTags.get(image);
  if (known?.found !== true || known.digest !== digest) return undefined;
  return () => deps.unsignedTags.get(image) === known && deps.now() - known.at < deps.checkEveryMs;
}

/**
 * True unless the upstream says that there is no such tag; what it cannot tell counts as there. Never more than a HEAD:
 * a refused pull must not use up somebody's pull limit. A 5xx is remembered as a 404 is: who polls an unsigned tag of a
 * repository that is broken must not have it asked each time. It takes the place of no word on which a pull may stand.
 */
export async function existsUpstream(deps: RulingDeps, repository: Repository, tag: string): Promise<boolean> {
  const upstream = upstreamOf(deps, repository);
  const image = imageName({ ...repository, tag });
  const known = deps.unsignedTags.get(image);
  if (known?.found === 'unknown' && deps.now() - known.at < NEGATIVE_MS) return true;
  try {
    await unlessAbsent(deps, image, () => upstream.head(repository.path, tag));
    return true;
  } catch (error) {
    if (isBroken(error) && known?.found !== true) deps.unsignedTags.set(image, { found: 'unknown', at: deps.now() });
    return codeOf(error) !== 'upstream.not-found';
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof TufgateError && Number(error.detail['status']) >= 500;
}

/** A tag that is not there is remembered for a few seconds. */
async function unlessAbsent<T>(deps: RulingDeps, image: string, ask: () => Promise<T>): Promise<T> {
  const known = deps.unsignedTags.get(image);
  if (known?.found === false && deps.now() - known.at < NEGATIVE_MS) throw notFound(image);
  try {
    return await ask();
  } catch (error) {
    if (codeOf(error) === 'upstream.not-found') deps.unsignedTags.set(image, { found: false, at: deps.now() });
    throw error;
  }
}

/** HEAD first: Docker Hub does not count it. A registry that gives no digest is asked for the manifest itself. */
async function askForDigest(deps: RulingDeps, { registry, path }: Repository, tag: string): Promise<Digest> {
  const upstream = upstreamOf(deps, { registry, path });
  const { digest } = await upstream.head(path, tag);
  if (digest !== undefined) return digest;
  const { bytes } = await upstream.manifest(path, tag, { maxBytes: deps.maxManifestBytes });
  return sha256Digest(createHash('sha256').update(bytes).digest());
}

function notFound(image: string): TufgateError {
  return new TufgateError('upstream.not-found', `${image} does not exist upstream`);
}
