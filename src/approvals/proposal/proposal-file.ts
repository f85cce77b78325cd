import type { Lifetimes } from '../../config/config.ts';
import { canonicalJson, readableJson } from '../../json/canonical.ts';
import { type Json, type JsonObject, readJsonAs } from '../../json/read.ts';
import { decodeBase64 } from '../../trust/tuf/format/base64.ts';
import { decodeHex } from '../../trust/tuf/format/hex.ts';
import { malformed, type Members } from '../../trust/tuf/format/member.ts';
import { JSON_LIMITS } from '../../trust/tuf/limits.ts';
import { instantOf } from '../document/read-instant.ts';
import { instantText } from '../../text/instant-text.ts';
import { onlyMembers } from '../document/only-members.ts';
import { changeJson, readChange } from './change-json.ts';
import type { Part, Proposal } from './proposal.ts';

/** Of the form of the file. */
const FORMAT = 1;
/** Bytes. It carries the files it was made on; when there are more bins, all of them. */
export const MAX_PROPOSAL = 512 << 20;

/** A proposal as a file that travels: JSON. */
export function proposalBytes(proposal: Proposal): Uint8Array {
  const { repository, created, lifetimes, changes, files, parts } = proposal;
  const document = new Map<string, Json>([
    ['format', FORMAT],
    ['repository', repository],
    ['created', instantText(created)],
    ['lifetimes', new Map(Object.entries(lifetimes))],
    ['changes', changes.map(changeJson)],
    ['files', new Map([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]))],
    ['parts', parts.map(partJson)],
  ]);
  return readableJson(canonicalJson(document));
}

function partJson({ role, version, sha256, signatures }: Part): JsonObject {
  const list = signatures.map(
    ({ keyId, bytes }) => new Map(Object.entries({ keyid: keyId, sig: Buffer.from(bytes).toString('hex') })),
  );
  return new Map<string, Json>(Object.entries({ role, version, sha256, signatures: list }));
}

/** @param what `the proposal nginx.json` @throws trust.malformed */
export function readProposal(what: string, bytes: Uint8Array): Proposal {
  const known = ['format', 'repository', 'created', 'lifetimes', 'changes', 'files', 'parts'];
  const outer = onlyMembers(what, readJsonAs('trust.malformed', what, bytes, JSON_LIMITS), known);
  if (outer.get('format') !== FORMAT)
    throw malformed(what, 'is not a proposal of this tufgate: its format is another one');
  return {
    repository: outer.string('repository'),
    created: instantOf(outer, 'created'),
    lifetimes: readLifetimes(outer),
    changes: outer.array('changes').map((change) => readChange(what, change)),
    files: readFiles(outer),
    parts: outer.array('parts').map((part) => readPart(what, part)),
  };
}

function readLifetimes(outer: Members): Lifetimes {
  const known = ['root', 'approvals', 'snapshot', 'timestamp'];
  const lifetimes = onlyMembers(outer.what, outer.get('lifetimes'), known);
  const ms = (name: string): number => lifetimes.integer(name, 1_000);
  return { root: ms('root'), approvals: ms('approvals'), snapshot: ms('snapshot'), timestamp: ms('timestamp') };
}

function readFiles(outer: Members): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, text] of outer.record('files')) {
    const bytes = typeof text === 'string' ? decodeBase64(text) : undefined;
    if (bytes === undefined)
      throw malformed(outer.what, `has a file ${JSON.stringify(name.slice(0, 80))} that is no base64`);
    files.set(name, bytes);
  }
  return files;
}

function readPart(what: string, value: Json): Part {
  const part = onlyMembers(`a file of ${what}`, value, ['role', 'version', 'sha256', 'signatures']);
  const signatures = part.array('signatures').map((each) => {
    const signature = onlyMembers(`a signature of ${what}`, each, ['keyid', 'sig']);
    const bytes = decodeHex(signature.string('sig'));
    if (bytes === undefined) throw malformed(what, 'has a signature that is not hex');
    return { keyId: signature.string('keyid'), bytes };
  });
  return { role: part.string('role'), version: part.integer('version', 1), sha256: part.string('sha256'), signatures };
}
