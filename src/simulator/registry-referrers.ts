import type { Descriptor } from '../oci/descriptors.ts';
import type { Digest } from '../oci/digest.ts';

/** What refers to an image in the simulator: artifacts with a `subject`, and the lists of them. */
export interface ArtifactOptions {
  readonly artifactType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the one layer; in-toto statements say their predicate here. */
  readonly layer?: { readonly mediaType: string; readonly annotations: Readonly<Record<string, string>> };
}

interface Named {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};

/** An artifact as image-spec "Guidelines for Artifact Usage" has it, and its entry in a list of referrers. */
export function artifactManifest(
  { digest, size, mediaType }: Named,
  { artifactType, annotations = {}, layer }: ArtifactOptions,
): { readonly bytes: Buffer; readonly describe: (added: Named) => Descriptor } {
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType,
    config: EMPTY,
    layers: [{ ...EMPTY, ...layer }],
    subject: { mediaType, digest, size },
    annotations,
  };
  return {
    bytes: Buffer.from(JSON.stringify(manifest)),
    describe: (added) => ({
      mediaType: added.mediaType,
      digest: added.digest,
      size: added.size,
      artifactType,
      annotations: new Map(Object.entries(annotations)),
    }),
  };
}

export function referrersIndex(referrers: readonly Descriptor[]): Buffer {
  const manifests = referrers.map((each) => ({ ...each, annotations: Object.fromEntries(each.annotations) }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
}

/** distribution-spec "Referrers Tag Schema". */
export function referrersTag(digest: Digest): string {
  return digest.replace(':', '-');
}
