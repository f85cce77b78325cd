import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptors.ts';
import { type Digest, isDigest, sha256Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/reference.ts';
import { inOrder } from '../../upstream/in-order.ts';
import type { UpstreamRegistry } from '../../upstream/registry.ts';
import type { AttestationFacts, ImageFacts, PlatformFacts } from './facts.ts';
import { indexTree } from './index-tree.ts';
import { factsOfImage, namedOnly, platformFacts, predicatesOf, sizeOf } from './platform-facts.ts';
import { type Document, type Lookup, verifiedDocument } from './verified-document.ts';

export interface InspectOptions {
  /** `limits.manifest` of the configuration: what a gate would refuse to serve is not approved either. */
  readonly maxManifestBytes: number;
  /** true: of an index nothing below is asked for. Docker Hub counts every manifest as a pull: for long lists of images. */
  readonly brief?: boolean;
  /** For a whole configuration, milliseconds; a minute when absent. */
  readonly blobMs?: number;
  readonly signal?: AbortSignal;
}

/** Registries are not ours to hammer. */
const AT_ONCE = 4;

/**
 * What a person sees of an image before approving it.
 *
 * A tag is resolved here, once; from then on everything is asked for by digest and verified, so that what is shown, what
 * is compared and what is signed are the same bytes, however often the registry moves the tag meanwhile.
 *
 * @param reference a tag, or a digest
 * @throws upstream.* · integrity.* · request.name; `upstream.protocol` also for schema 1 and ambiguous documents
 */
export async function imageFacts(
  upstream: UpstreamRegistry,
  repository: Repository,
  reference: Digest | string,
  options: InspectOptions,
): Promise<ImageFacts> {
  const { brief = false, ...limits } = options;
  const lookup: Lookup = { upstream, path: repository.path, ...limits };
  const top = isDigest(reference) ? await verifiedDocument(lookup, reference) : await byTag(lookup, reference);
  const parts = isIndexType(top.mediaType) ? await ofIndex(lookup, top, brief) : await ofImage(lookup, top);
  const created = parts.platforms.flatMap((platform) => platform.created ?? []);
  return {
    repository,
    ...(isDigest(reference) ? {} : { tag: reference }),
    digest: top.digest,
    length: top.bytes.length,
    mediaType: top.mediaType,
    brief,
    ...parts,
    size: sizeOf(
      parts.platforms.flatMap(({ config, layers }) => (config === undefined ? layers : [config, ...layers])),
    ),
    ...(created.length > 0 && { created: created.reduce((newest, at) => Math.max(newest, at)) }),
  };
}

type Parts = Pick<ImageFacts, 'platforms' | 'attestations' | 'left'>;

/** The one answer that nothing but the registry's word binds to the tag: its digest is that of the bytes, not of a header. */
async function byTag(lookup: Lookup, tag: string): Promise<Document> {
  const { upstream, path, maxManifestBytes: maxBytes, signal } = lookup;
  const { bytes, contentType } = await upstream.manifest(path, tag, { maxBytes, ...(signal && { signal }) });
  const digest = sha256Digest(createHash('sha256').update(bytes).digest());
  return { ...parseManifest(bytes, contentType), digest, bytes };
}

async function ofImage(lookup: Lookup, image: Document): Promise<Parts> {
  return { platforms: [await factsOfImage(lookup, image)], attestations: [], left: 0 };
}

async function ofIndex(lookup: Lookup, index: Document, brief: boolean): Promise<Parts> {
  const tree = await indexTree(lookup, index, brief);
  if (brief) {
    const platforms = tree.platforms.map((entry) => namedOnly(entry));
    return { platforms, attestations: tree.attestations.map((entry) => attestation(entry)), left: tree.left };
  }
  const platforms: PlatformFacts[] = [];
  for await (const facts of inOrder(tree.platforms, AT_ONCE, (entry) => platformFacts(lookup, entry)))
    platforms.push(facts);
  const attestations: AttestationFacts[] = [];
  for await (const facts of inOrder(tree.attestations, AT_ONCE, (entry) => attestationFacts(lookup, entry)))
    attestations.push(facts);
  return { platforms, attestations, left: tree.left };
}

async function attestationFacts(lookup: Lookup, entry: Descriptor): Promise<AttestationFacts> {
  return attestation(entry, await predicatesOf(lookup, entry));
}

function attestation({ digest, size, annotations }: Descriptor, predicates: readonly string[] = []): AttestationFacts {
  const about = annotations.get('vnd.docker.reference.digest');
  return { digest, size, ...(isDigest(about) && { about }), predicates };
}
