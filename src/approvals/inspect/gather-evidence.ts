import type { UpstreamRegistry } from '../../upstream/registry.ts';
import { artifactOfType } from './artifact-kind.ts';
import { askSources, type Witness } from './ask-sources.ts';
import { type ArtifactEvidence, bounded, type Evidence } from './evidence.ts';
import type { ImageFacts } from './facts.ts';
import { findArtifacts } from './find-artifacts.ts';

export interface EvidenceDeps {
  readonly trust: Witness;
  /** Names of the trust sources to ask: all but the approvals themselves, which would be their own witness. */
  readonly sources: readonly string[];
  readonly upstream: UpstreamRegistry;
  /** `limits.manifest` */
  readonly maxManifestBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Before a person signs: all that exists for this digest, at most 32 entries, what speaks against it first. Whoever does not
 * answer is named in it.
 * @throws only faults of our own, and the reason of `signal`
 */
export async function gatherEvidence(deps: EvidenceDeps, image: ImageFacts): Promise<readonly Evidence[]> {
  const { upstream, trust, sources, maxManifestBytes, signal } = deps;
  const lookup = { upstream, path: image.repository.path, maxManifestBytes, ...(signal && { signal }) };
  const [said, artifacts] = await Promise.all([askSources(trust, sources, image), findArtifacts(lookup, image.digest)]);
  return bounded([...said, ...created(image), ...inside(image), ...artifacts], image.digest);
}

function created({ created: at, digest }: ImageFacts): readonly Evidence[] {
  return at === undefined ? [] : [{ kind: 'created', digest, at }];
}

/** One entry a type: the digest of the index covers them all, and eight platforms would say each eight times. */
function inside({ attestations, digest }: ImageFacts): readonly Evidence[] {
  const found = new Map<string, ArtifactEvidence>();
  for (const { predicates } of attestations) {
    for (const predicate of predicates.length === 0 ? ['in-toto'] : predicates) {
      const name = artifactOfType(predicate);
      const key = `${name.kind} ${name.type}`;
      found.set(key, { ...name, digest, found: 'index', count: (found.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...found.values()];
}
