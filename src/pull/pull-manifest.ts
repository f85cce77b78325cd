import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { repositoryName } from '../oci/reference.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import { holdsOf, lasting } from '../trust/lasting.ts';
import { upstreamOf } from './ask-upstream.ts';
import { recorded, type DigestRequest, type TagRequest } from './recorded.ts';
import type { PullDeps } from './deps.ts';
import { restsOn } from './basis.ts';
import { NO_TAG } from './give-out.ts';
import type { VerifiedManifest } from './verified-manifest.ts';
import { type DigestRuling, ruleOnDigest } from './rule-on-digest.ts';
import { ruleOnTag, type TagRuling } from './rule-on-tag.ts';

/** What is served, and what the sources said that let it pass. */
export interface PulledManifest extends VerifiedManifest {
  readonly sources: readonly SourceVerdict[];
}

/**
 * One pull of a manifest, start to end. Policy and trust turn the tag into a digest; after that the tag is gone, and a
 * tag that the registry moved cannot matter. The bytes are verified before the first of them is answered.
 *
 * @throws policy.* · trust.* · upstream.* · integrity.*: nothing was served
 */
export async function pullManifest(deps: PullDeps, request: TagRequest | DigestRequest): Promise<PulledManifest> {
  return (await deps.warm.again(deps, request)) ?? (await pullAnew(deps, request));
}

async function pullAnew(deps: PullDeps, request: TagRequest | DigestRequest): Promise<PulledManifest> {
  // Before the ruling: a registry that holds the manifest back must not make a revocation meanwhile look older than it.
  const asked = deps.now();
  return await recorded(deps, request, 'manifest', async (rule) => {
    const ruling = await ruleOn(deps, request);
    rule(ruling);
    const { digest, length } = allowed(ruling);
    const upstream = upstreamOf(deps, request.repository);
    const size = length === undefined ? {} : { length };
    const manifest = await deps.manifests.get({ upstream, path: request.repository.path, digest, ...size });
    const notedUntil = await rememberGivenOut(deps, request, ruling, digest, asked);
    const pulled = { ...manifest, sources: ruling.sources };
    deps.warm.keep(deps, request, ruling, pulled, notedUntil);
    return pulled;
  });
}

async function ruleOn(
  deps: PullDeps,
  request: TagRequest | DigestRequest,
): Promise<TagRuling & Pick<DigestRuling, 'tag' | 'current' | 'edge'>> {
  if ('tag' in request) return await ruleOnTag(deps, request.repository, request.tag);
  const ruling = await ruleOnDigest(deps, request.repository, request.digest, 'manifest');
  return ruling.edge === undefined ? ruling : lasting({ ...ruling, length: ruling.edge.size }, holdsOf(ruling));
}

/** Refusals end here; under `observe` a ruling has both a digest and what enforcing would have said. */
function allowed(ruling: TagRuling): { digest: Digest; length?: number } {
  const { digest, length, refusal } = ruling;
  if (digest === undefined) throw refusal ?? new TufgateError('internal', 'a ruling with neither digest nor refusal');
  return { digest, ...(length === undefined ? {} : { length }) };
}

/**
 * What a tag stood for when it was given out is what `digests` and a pull in flight go by later. A child, or a digest of
 * the past, is not remembered: neither shall live longer for having been asked for. A digest that is signed without a tag
 * is, but only to say where to look: its source is asked each time.
 *
 * @returns until when the same ruling leaves nothing new to note, epoch milliseconds
 */
async function rememberGivenOut(
  deps: PullDeps,
  request: TagRequest | DigestRequest,
  ruling: TagRuling & Pick<DigestRuling, 'tag' | 'current' | 'edge'>,
  digest: Digest,
  at: number,
): Promise<number> {
  const byTag = 'tag' in request;
  const covered = ruling.tag !== undefined || ruling.verified;
  if (!byTag && covered && !(ruling.current === true && ruling.edge === undefined)) return ALWAYS;
  const tag = byTag ? request.tag : (ruling.tag ?? NO_TAG);
  const signed = ruling.sources.filter(({ outcome }) => outcome === 'signed');
  if (signed.some(({ untracked }) => untracked === true)) return ALWAYS;
  const repository = repositoryName(request.repository);
  const given = { repository, tag, digest, verified: ruling.verified, basis: restsOn(deps.basis, ruling) };
  // An update that is about to be stored may be dated before this request, and end what it was answered from.
  const latest = tag === NO_TAG ? ALWAYS : Math.min(ALWAYS, ...signed.flatMap(({ checkedAt }) => checkedAt ?? []));
  const due = await deps.givenOut.remember({ ...given, at: Math.min(at, latest) }, at);
  return latest < due ? ALWAYS : due;
}

const ALWAYS = Number.POSITIVE_INFINITY;
