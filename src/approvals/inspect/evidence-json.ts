import { REASONS } from '../../errors.ts';
import type { Json, JsonArray, JsonObject } from '../../json/read.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { visibleStart } from '../../text/visible.ts';
import { parseInstant } from '../../trust/tuf/format/instant.ts';
import { ARTIFACT_KINDS, type ArtifactKind, MAX_TYPE } from './artifact-kind.ts';
import { type Evidence, MAX_EVIDENCE, type SourceEvidence } from './evidence.ts';

/**
 * `custom.tufgate.evidence` of an approval: objects with `kind` and `digest`, and what belongs to the kind. Only texts and
 * integers, so that canonical JSON can say it. @param evidence as `gatherEvidence` gives it
 */
export function evidenceJson(evidence: readonly Evidence[]): JsonArray {
  return evidence.slice(0, MAX_EVIDENCE).map((each): JsonObject => {
    const members = new Map<string, Json>([
      ['kind', each.kind],
      ['digest', each.digest],
    ]);
    for (const [name, value] of Object.entries(restOf(each))) if (value !== undefined) members.set(name, value);
    return members;
  });
}

function restOf(each: Evidence): Readonly<Record<string, Json | undefined>> {
  switch (each.kind) {
    case 'signed':
    case 'conflict': {
      const { source, roles, keys, named, unconfirmed } = each;
      return { source, roles, keys, named, unconfirmed };
    }
    case 'refused':
      return { source: each.source, reason: each.reason };
    case 'gap':
      return { what: each.what, reason: each.reason };
    case 'created':
      return { at: new Date(each.at).toISOString().replace(/\.\d+Z$/, 'Z') };
    case 'more':
      return { count: each.count };
    case 'signature':
    case 'sbom':
    case 'provenance':
    case 'vex':
    case 'attestation':
    case 'artifact': {
      const { type, found, size, count } = each;
      return { type, found, size, count };
    }
  }
}

export interface ReadEvidence {
  readonly evidence: readonly Evidence[];
  /** Entries of another shape: those of a later version, or somebody's own. */
  readonly unreadable: number;
}

/** What an approval says of its evidence, to be shown. Texts in it are bounded and printable; nothing throws. */
export function readEvidence(value: Json | undefined): ReadEvidence {
  if (value === undefined) return { evidence: [], unreadable: 0 };
  if (!Array.isArray(value)) return { evidence: [], unreadable: 1 };
  const entries = value as JsonArray;
  const evidence = entries.slice(0, MAX_EVIDENCE).flatMap((entry) => readOne(entry) ?? []);
  return { evidence, unreadable: entries.length - evidence.length };
}

function readOne(value: Json): Evidence | undefined {
  if (!(value instanceof Map)) return undefined;
  const entry = value as JsonObject;
  const [kind, digest] = [entry.get('kind'), entry.get('digest')];
  const read = typeof kind === 'string' ? READERS.get(kind) : undefined;
  return read === undefined || !isDigest(digest) ? undefined : read(entry, digest);
}

type ReadOne = (entry: JsonObject, digest: Digest) => Evidence | undefined;

const READERS: ReadonlyMap<string, ReadOne> = new Map<string, ReadOne>([
  ['signed', (entry, digest) => readSource('signed', entry, digest)],
  ['conflict', (entry, digest) => readSource('conflict', entry, digest)],
  ['refused', readRefused],
  ['gap', readGap],
  ['created', readCreated],
  ['more', readMore],
  ...ARTIFACT_KINDS.map((kind): [string, ReadOne] => [kind, (entry, digest) => readArtifact(kind, entry, digest)]),
]);

function readSource(kind: SourceEvidence['kind'], entry: JsonObject, digest: Digest): Evidence | undefined {
  const [source, named] = [text(entry, 'source'), oneOf(entry, 'named', ['tag', 'digest'] as const)];
  const [roles, keys] = [texts(entry, 'roles'), texts(entry, 'keys')];
  if (source === undefined || named === undefined || roles === undefined || keys === undefined) return undefined;
  return { kind, source, digest, roles, keys, named, ...(entry.get('unconfirmed') === true && { unconfirmed: true }) };
}

function readRefused(entry: JsonObject, digest: Digest): Evidence | undefined {
  const [source, reason] = [text(entry, 'source'), oneOf(entry, 'reason', REASONS)];
  return source === undefined || reason === undefined ? undefined : { kind: 'refused', source, digest, reason };
}

function readGap(entry: JsonObject, digest: Digest): Evidence | undefined {
  const what = oneOf(entry, 'what', ['referrers', 'tags'] as const);
  const reason = oneOf(entry, 'reason', REASONS);
  return what === undefined ? undefined : { kind: 'gap', what, digest, ...(reason !== undefined && { reason }) };
}

function readCreated(entry: JsonObject, digest: Digest): Evidence | undefined {
  const at = parseInstant(text(entry, 'at') ?? '');
  return at === undefined ? undefined : { kind: 'created', digest, at };
}

function readMore(entry: JsonObject, digest: Digest): Evidence | undefined {
  const count = integer(entry, 'count');
  return count === undefined ? undefined : { kind: 'more', digest, count };
}

function readArtifact(kind: ArtifactKind, entry: JsonObject, digest: Digest): Evidence | undefined {
  const [type, found] = [text(entry, 'type'), oneOf(entry, 'found', ['referrer', 'tag', 'index'] as const)];
  if (type === undefined || found === undefined) return undefined;
  const [size, count] = [integer(entry, 'size'), integer(entry, 'count')];
  const numbers = { ...(size !== undefined && { size }), ...(count !== undefined && { count }) };
  return { kind, digest, type, found, ...numbers };
}

function oneOf<T extends string>(entry: JsonObject, name: string, all: readonly T[]): T | undefined {
  return all.find((each) => each === entry.get(name));
}

function text(entry: JsonObject, name: string): string | undefined {
  const value = entry.get(name);
  return typeof value === 'string' ? visibleStart(value, MAX_TYPE) : undefined;
}

function texts(entry: JsonObject, name: string): readonly string[] | undefined {
  const value = entry.get(name);
  if (!Array.isArray(value)) return undefined;
  const all = value as JsonArray;
  if (all.length > MAX_EVIDENCE || !all.every((each) => typeof each === 'string')) return undefined;
  return all.map((each) => visibleStart(each, MAX_TYPE));
}

function integer(entry: JsonObject, name: string): number | undefined {
  const value = entry.get(name);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
