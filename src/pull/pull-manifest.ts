import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { repositoryName } from '../oci/reference.ts';
import { upstreamOf } from './ask-upstream.ts';
import { decided, type DigestRequest, type TagRequest } from './decide.ts';
import type { PullDeps } from './deps.ts';
import type { VerifiedManifest } from './manifests.ts';
import { NO_TAG, ruleOnDigest } from './rule-on-digest.ts';
import { ruleOnTag, type TagRuling } from './rule-on-tag.ts';

/**
 * One pull of a manifest, start to end. Policy and trust turn the tag into a digest; after that the tag is gone, and a
 * tag that the registry moved cannot matter. The bytes are verified before the first of them is answered.
 *
 * @throws policy.* · trust.* · upstream.* · integrity.*: nothing was served
 */
export async function pullManifest(deps: PullDeps, request: TagRequest | DigestRequest): Promise<VerifiedManifest> {
  return await decided(deps, request, 'manifest', async (rule) => {
    const ruling = await ruleOn(deps, request);
    rule(ruling);
    const { digest, length } = allowed(ruling);
    const upstream = upstreamOf(deps, request.repository);
    const size = length === undefined ? {} : { length };
    const manifest = await deps.manifests.get({ upstream, path: request.repository.path, digest, ...size });
    await rememberGivenOut(deps, request, ruling, digest);
    return manifest;
  });
}

async function ruleOn(deps: PullDeps, request: TagRequest | DigestRequest): Promise<TagRuling> {
  if ('tag' in request) return await ruleOnTag(deps, request.repository, request.tag);
  const { edge, ...ruling } = await ruleOnDigest(deps, request.repository, request.digest, 'manifest');
  return edge === undefined ? ruling : { ...ruling, length: edge.size };
}

/** Refusals end here; under `observe` a ruling has both a digest and what enforcing would have said. */
function allowed(ruling: TagRuling): { digest: Digest; length?: number } {
  const { digest, length, refusal } = ruling;
  if (digest === undefined) throw refusal ?? new TufgateError('internal', 'a ruling with neither digest nor refusal');
  return { digest, ...(length === undefined ? {} : { length }) };
}

async function rememberGivenOut(
  deps: PullDeps,
  request: TagRequest | DigestRequest,
  ruling: TagRuling & { tag?: string },
  digest: Digest,
): Promise<void> {
  const tag = 'tag' in request ? request.tag : NO_TAG;
  // A digest that a tag covers needs no memory of its own; one that `observe` let through without a tag does.
  if (tag === NO_TAG && ruling.tag !== undefined) return;
  const repository = repositoryName(request.repository);
  const { verified, rule } = ruling;
  await deps.givenOut.remember({ repository, tag, digest, verified, basis: deps.basis(rule), at: deps.now() });
}
