import { TufgateError } from '../errors.ts';
import { type Json, type JsonObject, readJsonAs } from '../json/read.ts';
import { type Digest, isDigest } from './digest.ts';
import { isIndexType, isManifestType, type ManifestType } from './media-type.ts';

/** One edge of the closure: what a manifest names. `subject`, annotations and `urls` are not edges. */
export interface Child {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** Children of an index are manifests; config and layers of an image are blobs. */
  readonly kind: 'manifest' | 'blob';
}

export interface Manifest {
  readonly mediaType: ManifestType;
  readonly children: readonly Child[];
}

export const MAX_CHILDREN = 1_000;
/** index → index → index → manifest: what hangs deeper is outside every closure. */
export const MAX_DEPTH = 4;
const LIMITS = { depth: 32, values: 200_000, integersOnly: false };

/**
 * Reads a manifest whose bytes were verified already, strictly enough that every client reads the same from it.
 *
 * The attack: a document that is an index to one client and an image to another (ambiguous media types,
 * GHSA-mc8v-mgrf-8f4m), so that what was approved is not what runs. Refused: schema 1, both `manifests` and
 * `layers`/`config`, a `mediaType` member that contradicts the header, duplicate members, a child named twice (two
 * sizes for one digest), more than 1,000 children.
 *
 * @param contentType the Content-Type upstream sent, without parameters; undefined when unknown
 * @throws upstream.protocol
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): Manifest {
  const tree = readJsonAs('upstream.protocol', 'the manifest', bytes, LIMITS);
  if (!(tree instanceof Map)) throw refuse('is not a JSON object');
  const object = tree as JsonObject;
  if (object.get('schemaVersion') !== 2)
    throw refuse('is not schema version 2 (schema 1 is not supported: rebuild the image)');
  for (const name of ['mediaType', 'manifests', 'config', 'layers', 'schemaVersion', 'fsLayers'])
    refuseCaseTwins(object, name);
  const mediaType = typeOf(object, contentType);
  const children = isIndexType(mediaType) ? indexChildren(object) : imageChildren(object);
  if (children.length > MAX_CHILDREN) throw refuse(`names more than ${MAX_CHILDREN} children`);
  refuseTwins(children);
  return { mediaType, children };
}

function typeOf(object: JsonObject, contentType: string | undefined): ManifestType {
  const declared = object.get('mediaType');
  if (declared !== undefined && typeof declared !== 'string') throw refuse('has a mediaType that is not a string');
  const looksLikeIndex = object.has('manifests');
  const looksLikeImage = object.has('config') || object.has('layers') || object.has('fsLayers');
  if (looksLikeIndex === looksLikeImage) throw refuse('is ambiguous: it must be either an index or an image manifest');
  // Only OCI documents may leave `mediaType` out. The bytes alone decide, so that a cached answer equals the first one.
  const guessed =
    declared ??
    (looksLikeIndex ? 'application/vnd.oci.image.index.v1+json' : 'application/vnd.oci.image.manifest.v1+json');
  if (!isManifestType(guessed))
    throw refuse(`has the media type ${JSON.stringify(guessed.slice(0, 100))}, which is not supported`);
  if (contentType !== undefined && isManifestType(contentType) && contentType !== guessed) {
    throw refuse(`calls itself ${guessed}, but was served as ${contentType}`);
  }
  if (isIndexType(guessed) !== looksLikeIndex)
    throw refuse(`calls itself ${guessed}, but holds the members of another type`);
  return guessed;
}

function indexChildren(object: JsonObject): Child[] {
  return list(object.get('manifests'), 'manifests').map((entry) => {
    const child = descriptor(entry, 'manifest');
    if (!isManifestType(child.mediaType)) throw refuse(`names a child of the unsupported type ${child.mediaType}`);
    return child;
  });
}

function imageChildren(object: JsonObject): Child[] {
  const config = descriptor(object.get('config'), 'blob');
  const layers = list(object.get('layers'), 'layers').map((entry) => descriptor(entry, 'blob'));
  if (layers.some((layer) => isManifestType(layer.mediaType))) throw refuse('names a manifest as a layer');
  // Two layers with the same content are legal and common (the empty layer): one edge stands for both.
  const distinct = new Map<Digest, Child>();
  for (const child of [config, ...layers]) {
    const known = distinct.get(child.digest);
    if (known !== undefined && known.size !== child.size) throw refuse(`names ${child.digest} with two sizes`);
    distinct.set(child.digest, known ?? child);
  }
  return [...distinct.values()];
}

function descriptor(value: Json | undefined, kind: Child['kind']): Child {
  if (!(value instanceof Map)) throw refuse('holds something that is not a descriptor');
  const entry = value as JsonObject;
  for (const name of ['digest', 'size', 'mediaType']) refuseCaseTwins(entry, name);
  const digest = entry.get('digest');
  const size = entry.get('size');
  const mediaType = entry.get('mediaType');
  if (!isDigest(digest)) throw refuse('names a child without a valid digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw refuse(`gives ${digest} no valid size`);
  if (typeof mediaType !== 'string' || mediaType.length > 255) throw refuse(`gives ${digest} no valid mediaType`);
  return { digest, size, mediaType, kind };
}

function list(value: Json | undefined, name: string): readonly Json[] {
  if (!Array.isArray(value)) throw refuse(`has no list of ${name}`);
  if (value.length > MAX_CHILDREN) throw refuse(`names more than ${MAX_CHILDREN} children`);
  return value as readonly Json[];
}

function refuseTwins(children: readonly Child[]): void {
  const seen = new Set<string>();
  for (const { digest } of children) {
    if (seen.has(digest)) throw refuse(`names ${digest} twice`);
    seen.add(digest);
  }
}

/** Go decodes member names without regard to case, the last one wins: `Layers` after `layers` would be its truth. */
function refuseCaseTwins(object: JsonObject, name: string): void {
  for (const key of object.keys()) {
    if (key !== name && key.toLowerCase() === name.toLowerCase())
      throw refuse(`holds the member ${JSON.stringify(key)}, which differs from ${name} only in case`);
  }
}

function refuse(why: string): TufgateError {
  return new TufgateError('upstream.protocol', `the manifest ${why}`);
}
