import { visibleStart } from '../../text/visible.ts';

/** What something that refers to an image calls itself. Nothing of it is verified, and nothing is decided on it. */
export const ARTIFACT_KINDS = ['signature', 'sbom', 'provenance', 'vex', 'attestation', 'artifact'] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

export interface ArtifactName {
  readonly kind: ArtifactKind;
  /** `cosign`, `application/spdx+json`, a predicate type: printable, at most 128 characters and a mark. */
  readonly type: string;
}

export const MAX_TYPE = 128;
const COSIGN: ArtifactName = { kind: 'signature', type: 'cosign' };

/** The first that matches; VEX before SBOM, because CycloneDX writes both. */
const KINDS: readonly (readonly [RegExp, ArtifactKind])[] = [
  [/vex/i, 'vex'],
  [/spdx|cyclonedx|syft|sbom/i, 'sbom'],
  [/provenance/i, 'provenance'],
  [/signature/i, 'signature'],
  [/in-toto|dsse|attestation|predicate/i, 'attestation'],
];

/** @param type an artifact type, a media type, or the predicate type of an in-toto statement */
export function artifactOfType(type: string): ArtifactName {
  if (type === 'application/vnd.cncf.notary.signature') return { kind: 'signature', type: 'notation' };
  if (/^application\/vnd\.dev\.cosign\.(?:artifact\.sig|simplesigning)\./.test(type)) return COSIGN;
  if (type === 'https://sigstore.dev/cosign/sign/v1') return COSIGN;
  const kind = KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'artifact';
  return { kind, type: visibleStart(type, MAX_TYPE) };
}

/** A descriptor in a list of referrers. A Sigstore bundle says in annotations what it holds. */
export function artifactOf(type: string, annotations: ReadonlyMap<string, string>): ArtifactName {
  const bundled = /^application\/vnd\.dev\.sigstore\.bundle\b/.test(type);
  const predicate = annotations.get('dev.sigstore.bundle.predicateType');
  if (bundled) return predicate === undefined ? COSIGN : artifactOfType(predicate);
  return artifactOfType(annotations.get('in-toto.io/predicate-type') ?? type);
}
