import type { SourceVerdict } from '../../policy/decision.ts';
import type { TrustService } from '../../trust/service.ts';
import { visibleStart } from '../../text/visible.ts';
import type { Evidence, RefusedEvidence, SourceEvidence } from './evidence.ts';
import type { ImageFacts } from './facts.ts';

export type Witness = Pick<TrustService, 'resolve' | 'resolveDigest'>;

const MAX_NAMES = 8;
const MAX_NAME = 128;

/** What each source says of the image, in the order of the sources. A source that fails is a finding. @throws faults of our own */
export async function askSources(
  trust: Witness,
  sources: readonly string[],
  image: ImageFacts,
): Promise<readonly Evidence[]> {
  return await Promise.all(sources.map((source) => askSource(trust, source, image)));
}

/**
 * The attack: the registry serves for the tag what its publisher never signed for it. A source that names another digest
 * for the tag is a conflict, though it may have signed this one too, for another tag or long ago.
 */
async function askSource(trust: Witness, source: string, image: ImageFacts): Promise<Evidence> {
  const { repository, tag, digest } = image;
  const asked = { kind: 'source', source } as const;
  if (tag === undefined) return found(await trust.resolveDigest(asked, repository, digest), image, 'digest');
  const byTag = found(await trust.resolve(asked, repository, tag), image, 'tag');
  if (byTag.kind !== 'refused' || byTag.reason !== 'trust.unsigned') return byTag;
  const byDigest = found(await trust.resolveDigest(asked, repository, digest), image, 'digest');
  return byDigest.kind === 'signed' ? byDigest : byTag;
}

function found(
  verdict: SourceVerdict,
  { digest, length }: ImageFacts,
  named: 'tag' | 'digest',
): SourceEvidence | RefusedEvidence {
  const { source } = verdict;
  if (verdict.outcome === 'refused' || verdict.digest === undefined)
    return { kind: 'refused', source, digest, reason: verdict.reason ?? 'trust.malformed' };
  const same = verdict.digest === digest && (verdict.length === undefined || verdict.length === length);
  return {
    kind: same ? 'signed' : 'conflict',
    source,
    digest: verdict.digest,
    roles: names(verdict.roles),
    keys: names(verdict.signers),
    named,
    ...(verdict.failure !== undefined && { unconfirmed: true }),
  };
}

function names(all: readonly string[]): readonly string[] {
  return all.slice(0, MAX_NAMES).map((name) => visibleStart(name, MAX_NAME));
}
