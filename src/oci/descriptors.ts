import { TufgateError } from '../errors.ts';
import { type Json, type JsonObject, readJsonAs } from '../json/read.ts';
import { type Digest, isDigest } from './digest.ts';
import { platformName } from './platform.ts';

/**
 * What the descriptors of a manifest say beside digest and size: platform, artifact type, annotations (image-spec
 * "Content Descriptors"). It is a stranger's word, for people to read: nothing is decided on it, and what a pull follows
 * is read by `parseManifest`.
 */
export interface Descriptor {
  readonly digest: Digest;
  readonly size: number;
  /** Any text of at most 255 characters. */
  readonly mediaType: string;
  /** In the grammar of media types (RFC 6838), else left out. */
  readonly artifactType?: string;
  /** `linux/amd64` */
  readonly platform?: string;
  readonly annotations: ReadonlyMap<string, string>;
}

export interface Descriptors {
  /** In the order of the document, repeats included. */
  readonly entries: readonly Descriptor[];
  /** Entries without a valid digest, size or type. */
  readonly unreadable: number;
}

const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const LIMITS = { depth: 32, values: 200_000, integersOnly: false };
const MAX_ANNOTATIONS = 64;
const MAX_ANNOTATION = 1_024;

/**
 * @param what begins the message: "the list of referrers"
 * @throws upstream.protocol for what is no JSON object with such a list; null is an empty one, as Go servers write it
 */
export function parseDescriptors(bytes: Uint8Array, member: 'manifests' | 'layers', what: string): Descriptors {
  const tree = readJsonAs('upstream.protocol', what, bytes, LIMITS);
  const list = tree instanceof Map ? (tree as JsonObject).get(member) : undefined;
  if (list === null) return { entries: [], unreadable: 0 };
  if (!Array.isArray(list)) throw new TufgateError('upstream.protocol', `${what} has no list of ${member}`);
  const entries = (list as readonly Json[]).flatMap((entry) => descriptor(entry) ?? []);
  return { entries, unreadable: list.length - entries.length };
}

function descriptor(value: Json): Descriptor | undefined {
  if (!(value instanceof Map)) return undefined;
  const entry = value as JsonObject;
  const [digest, size, mediaType] = [entry.get('digest'), entry.get('size'), entry.get('mediaType')];
  // As `parseManifest` has it: an odd type must not hide a layer from the reader.
  if (!isDigest(digest) || typeof mediaType !== 'string' || mediaType.length > 255) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const artifactType = entry.get('artifactType');
  const platform = platformName(entry.get('platform'));
  return {
    digest,
    size,
    mediaType,
    ...(isMediaType(artifactType) && { artifactType }),
    ...(platform !== undefined && { platform }),
    annotations: annotations(entry.get('annotations')),
  };
}

function annotations(value: Json | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!(value instanceof Map)) return found;
  for (const [name, text] of value as JsonObject) {
    if (found.size === MAX_ANNOTATIONS) break;
    if (typeof text === 'string' && text.length <= MAX_ANNOTATION) found.set(name, text);
  }
  return found;
}

function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && MEDIA_TYPE.test(value);
}
