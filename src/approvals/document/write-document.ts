import { canonicalJson, readableJson } from '../../json/canonical.ts';
import type { Json, JsonObject } from '../../json/read.ts';
import type { Delegations, Document, Entry, KeyEntry, Quorum, RootDocument } from './documents.ts';
import { instantText } from '../../text/instant-text.ts';
import { wordJson } from './word.ts';

/** The version of the specification that is followed; clients ask for the same major one. */
const SPEC_VERSION = '1.0.31';

export interface WrittenSignature {
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** The bytes that signatures are made over: the canonical form of the document. */
export function signedBytes(document: Document): Uint8Array {
  return canonicalJson(documentJson(document));
}

/** A whole file. @param message of `signedBytes`: whoever reads the file comes to these bytes */
export function fileBytes(message: Uint8Array, signatures: readonly WrittenSignature[]): Uint8Array {
  const list = signatures.map(({ keyId, bytes }) => object({ keyid: keyId, sig: Buffer.from(bytes).toString('hex') }));
  return Buffer.concat([
    Buffer.from('{"signatures":'),
    canonicalJson(list),
    Buffer.from(',"signed":'),
    readableJson(message),
    Buffer.from('}'),
  ]);
}

export function documentJson(document: Document): JsonObject {
  return object({
    _type: document.type,
    spec_version: SPEC_VERSION,
    version: document.version,
    expires: instantText(document.expires),
    ...contentOf(document),
  });
}

function contentOf(document: Document): Record<string, Json> {
  switch (document.type) {
    case 'root':
      return rootContent(document);
    case 'targets':
      return {
        targets: mapped(document.targets, entryJson),
        ...(document.delegations && { delegations: delegationsJson(document.delegations) }),
      };
    case 'snapshot': {
      const meta = [...document.meta].map(([role, version]) => [`${role}.json`, object({ version })] as const);
      return { meta: new Map(meta) };
    }
    case 'timestamp': {
      const { version, length, sha256 } = document.snapshot;
      return { meta: object({ 'snapshot.json': object({ version, length, hashes: object({ sha256 }) }) }) };
    }
  }
}

function rootContent({ keys, roles }: RootDocument): Record<string, Json> {
  const { root, timestamp, snapshot, targets } = roles;
  const written = { root, timestamp, snapshot, targets };
  return {
    consistent_snapshot: true,
    keys: mapped(keys, keyJson),
    roles: new Map(Object.entries(written).map(([role, quorum]) => [role, object(quorumMembers(quorum))])),
  };
}

function delegationsJson(delegations: Delegations): JsonObject {
  const keys = mapped(delegations.keys, keyJson);
  if (delegations.kind === 'bins') {
    const { prefix, bits, ...quorum } = delegations.bins;
    return object({
      keys,
      succinct_roles: object({ ...quorumMembers(quorum), bit_length: bits, name_prefix: prefix }),
    });
  }
  const roles = delegations.roles.map(({ name, paths, ...quorum }) => {
    const permitted = paths.kind === 'patterns' ? { paths: paths.of } : { path_hash_prefixes: paths.of };
    return object({ name, ...quorumMembers(quorum), terminating: true, ...permitted });
  });
  return object({ keys, roles });
}

function entryJson({ length, sha256, mediaType, word }: Entry): JsonObject {
  const oci = mediaType === undefined ? {} : { oci: object({ mediaType }) };
  return object({
    length,
    hashes: object({ sha256 }),
    custom: object({ ...oci, tufgate: wordJson(word) }),
  });
}

export function keyJson({ keytype, scheme, keyval }: KeyEntry): JsonObject {
  return object({ keytype, scheme, keyval: object({ public: keyval.public }) });
}

function quorumMembers({ keyIds, threshold }: Quorum): Record<string, Json> {
  return { keyids: keyIds, threshold };
}

function mapped<T>(map: ReadonlyMap<string, T>, json: (value: T) => Json): JsonObject {
  return new Map([...map].map(([name, value]) => [name, json(value)]));
}

/** Members of our own naming only. */
function object(members: Readonly<Record<string, Json>>): JsonObject {
  return new Map(Object.entries(members));
}
