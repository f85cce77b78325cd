import { codeOf, isReason, messageOf, type Reason, TufgateError } from '../errors.ts';
import { type ImageName, imageName } from '../oci/reference.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import type { RulingDeps } from '../pull/deps.ts';
import { upstreamOf } from '../pull/ask-upstream.ts';
import { ruleOnDigest } from '../pull/rule-on-digest.ts';
import { ruleOnTag, type TagRuling } from '../pull/rule-on-tag.ts';
import { verifyBytes } from '../verify/verify-bytes.ts';

/** What `resolve --json` prints for one image (contract); also what refuses a text that names none. */
export interface Resolution {
  readonly image: string;
  readonly decision: 'allow' | 'deny';
  readonly mode: 'enforce' | 'observe';
  readonly wouldDeny: boolean;
  readonly reason: Reason | null;
  readonly message: string | null;
  readonly digest: string | null;
  readonly length: number | null;
  readonly mediaType: string | null;
  readonly rule: string | null;
  readonly sources: readonly SourceReport[];
  readonly checkedAt: string | null;
}

/** What one source said; `failure` is why it could not confirm that just now. */
export interface SourceReport {
  readonly source: string;
  readonly kind: string;
  readonly outcome: string;
  readonly reason: Reason | null;
  readonly digest: string | null;
  readonly roles: readonly string[];
  readonly signers: readonly string[];
  readonly root: SourceVerdict['root'] | null;
  readonly versions: ReadonlyMap<string, number>;
  /** By role; ISO 8601. */
  readonly expires: ReadonlyMap<string, string>;
  /** When its approval ends; ISO 8601. */
  readonly until: string | null;
  readonly failure: SourceVerdict['failure'] | null;
}

/** Also for images that are refused: the answer is the report. @throws only faults of our own */
export async function resolveImage(deps: RulingDeps, image: ImageName): Promise<Resolution> {
  const name = imageName(image);
  try {
    const ruling = await rule(deps, image);
    return report(deps, name, ruling, await mediaTypeOf(deps, image, ruling));
  } catch (error) {
    if (!(error instanceof TufgateError) || !isReason(error.code)) throw error;
    return refused(deps, name, error);
  }
}

export function refused(deps: Pick<RulingDeps, 'now'>, image: string, refusal: TufgateError): Resolution {
  return report(deps, image, { mode: 'enforce', verified: false, refusal, sources: [] });
}

async function rule(deps: RulingDeps, image: ImageName): Promise<TagRuling> {
  if (!deps.upstreams.has(image.registry)) {
    const why = `registry ${image.registry} is not configured: add it to upstreams`;
    throw new TufgateError('policy.unknown-registry', why);
  }
  // A digest binds; a tag beside it is only a name for people, as in Docker.
  if (image.digest !== undefined) return await ruleOnDigest(deps, image, image.digest, 'manifest');
  return await ruleOnTag(deps, image, image.tag ?? 'latest');
}

/**
 * Fetched and verified like a pull would: "allow" of a manifest that the upstream no longer has would be a lie.
 * @throws upstream.not-found
 */
async function mediaTypeOf(deps: RulingDeps, { registry, path }: ImageName, ruling: TagRuling): Promise<string | null> {
  const { digest, length } = ruling;
  if (digest === undefined) return null;
  try {
    const upstream = upstreamOf(deps, { registry, path });
    const { bytes, contentType } = await upstream.manifest(path, digest, { maxBytes: deps.maxManifestBytes });
    verifyBytes(digest, length, bytes);
    return parseManifest(bytes, contentType).mediaType;
  } catch (error) {
    // Served from the cache, perhaps: what the tag stands for is known without the registry.
    if (codeOf(error) === 'upstream.not-found' || !isReason(codeOf(error))) throw error;
    return null;
  }
}

function report(
  deps: Pick<RulingDeps, 'now'>,
  image: string,
  ruling: TagRuling,
  mediaType: string | null = null,
): Resolution {
  const { refusal, digest, length, rule: matched, sources, mode } = ruling;
  const reason = refusal !== undefined && isReason(refusal.code) ? refusal.code : null;
  const checked = sources.flatMap(({ checkedAt }) => (checkedAt === undefined ? [] : [checkedAt]));
  return {
    image,
    decision: digest === undefined ? 'deny' : 'allow',
    mode,
    wouldDeny: digest !== undefined && refusal !== undefined,
    reason,
    message: refusal === undefined ? null : messageOf(refusal),
    digest: digest ?? null,
    length: length ?? null,
    mediaType,
    rule: matched?.id ?? null,
    sources: sources.map(sourceReport),
    checkedAt: new Date(checked.length === 0 ? deps.now() : Math.min(...checked)).toISOString(),
  };
}

function sourceReport(verdict: SourceVerdict): SourceReport {
  const { source, kind, outcome, reason, digest, roles, signers, root, versions, expires, until, failure } = verdict;
  const instants = new Map([...expires].map(([role, at]) => [role, new Date(at).toISOString()]));
  return {
    source,
    kind,
    outcome,
    reason: reason ?? null,
    digest: digest ?? null,
    roles,
    signers,
    root: root ?? null,
    versions,
    expires: instants,
    until: until === undefined ? null : new Date(until).toISOString(),
    failure: failure ?? null,
  };
}
