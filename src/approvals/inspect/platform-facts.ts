import { codeOf } from '../../errors.ts';
import { type Descriptor, parseDescriptors } from '../../oci/descriptors.ts';
import type { Digest } from '../../oci/digest.ts';
import { isImageType } from '../../oci/media-type.ts';
import { visibleStart } from '../../text/visible.ts';
import type { Blob, PlatformFacts } from './facts.ts';
import { type ImageConfig, readImageConfig, unknownConfig } from './image-config.ts';
import { smallBlob } from './small-blob.ts';
import { type Document, type Lookup, verifiedDocument } from './verified-document.ts';

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const MAX_PREDICATES = 8;
const MAX_PREDICATE = 200;
const CONFIG_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/**
 * One platform of an index. An upstream that lacks its manifest (sparse mirrors do) is a fact to be shown; bytes that do
 * not match their digest are no fact but an error.
 * @throws upstream.*, but not `upstream.not-found` · integrity.*
 */
export async function platformFacts(lookup: Lookup, entry: Descriptor): Promise<PlatformFacts> {
  const document = await unlessMissing(() => verifiedDocument(lookup, entry.digest, entry.size));
  if (document !== undefined) return await factsOfImage(lookup, document, entry.platform);
  return namedOnly(entry, 'the upstream does not have its manifest');
}

/** A platform of which the index alone is known. */
export function namedOnly({ digest, platform = 'unknown' }: Descriptor, ...problems: readonly string[]): PlatformFacts {
  return { platform, digest, size: 0, layers: [], ...unknownConfig(...problems) };
}

/** @param said the platform by which clients choose it in an index; absent for an image that stands alone */
export async function factsOfImage(lookup: Lookup, document: Document, said?: string): Promise<PlatformFacts> {
  const { digest, bytes, children } = document;
  const layers = parseDescriptors(bytes, 'layers', 'the manifest').entries.map(({ digest, size }) => ({
    digest,
    size,
  }));
  // `parseManifest` puts the configuration first, and refuses a manifest without one.
  const [config] = children;
  const { platform: own, problems, ...rest } = await configOf(lookup, config);
  const another = said !== undefined && own !== undefined && machine(own) !== machine(said);
  return {
    platform: said ?? own ?? 'unknown',
    digest,
    size: sizeOf(children),
    ...(config && { config: { digest: config.digest, size: config.size } }),
    layers,
    ...rest,
    problems: another ? [...problems, `its configuration says that it is ${own}`] : problems,
  };
}

/** `linux/arm64` of `linux/arm64/v8`: variants and versions are often named in one place only. */
function machine(platform: string): string {
  return platform.split(/[/ ]/, 2).join('/');
}

async function configOf(lookup: Lookup, config: Document['children'][number] | undefined): Promise<ImageConfig> {
  if (config === undefined || !CONFIG_TYPES.has(config.mediaType)) return unknownConfig('it is no container image');
  if (config.size > MAX_CONFIG_BYTES)
    return unknownConfig(`its configuration is larger than ${MAX_CONFIG_BYTES} bytes`);
  const bytes = await unlessMissing(() => smallBlob(lookup, config));
  return bytes === undefined ? unknownConfig('the upstream does not have its configuration') : readImageConfig(bytes);
}

/** What an attestation manifest holds, by the annotations of its layers. @throws as `platformFacts` */
export async function predicatesOf(lookup: Lookup, entry: Descriptor): Promise<readonly string[]> {
  if (!isImageType(entry.mediaType)) return [];
  const document = await unlessMissing(() => verifiedDocument(lookup, entry.digest, entry.size));
  if (document === undefined) return [];
  const { entries } = parseDescriptors(document.bytes, 'layers', 'the attestation manifest');
  const named = entries.flatMap(({ annotations }) => annotations.get('in-toto.io/predicate-type') ?? []);
  return [...new Set(named)].slice(0, MAX_PREDICATES).map((type) => visibleStart(type, MAX_PREDICATE));
}

/** Each blob counts once, as it is stored and pulled once. */
export function sizeOf(blobs: readonly Blob[]): number {
  const sizes = new Map<Digest, number>();
  for (const { digest, size } of blobs) sizes.set(digest, size);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === 'upstream.not-found') return undefined;
    throw error;
  }
}
