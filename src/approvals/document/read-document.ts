import type { Json } from '../../json/read.ts';
import { JSON_LIMITS } from '../../trust/tuf/limits.ts';
import { readJsonAs } from '../../json/read.ts';
import { malformed, type Members } from '../../trust/tuf/format/member.ts';
import { TOP_ROLES } from './documents.ts';
import type { Entry, RootDocument, SnapshotDocument, TargetsDocument, TimestampDocument } from './documents.ts';
import { instantOf } from './read-instant.ts';
import { readDelegations, readKeys, readQuorum } from './read-delegations.ts';
import { onlyMembers } from './only-members.ts';
import { readWord } from './word.ts';

/**
 * Files of a repository of approvals, back to what they say. Signatures are not looked at: the trust core verifies the same bytes.
 *
 * Stricter than a client: a file with a member that tufgate does not write is refused, for it would be signed again unseen.
 * @throws trust.malformed
 */
export function readRoot(what: string, bytes: Uint8Array): RootDocument {
  const signed = opened(what, bytes, 'root', ['keys', 'roles', 'consistent_snapshot']);
  if (signed.get('consistent_snapshot') !== true) throw malformed(what, 'does not use consistent snapshots');
  const roles = onlyMembers(`the roles of ${what}`, signed.get('roles'), TOP_ROLES);
  const quorum = (role: string): RootDocument['roles']['root'] =>
    readQuorum(`role ${role} of ${what}`, roles.get(role));
  return {
    type: 'root',
    ...common(signed),
    keys: readKeys(what, signed.get('keys')),
    roles: {
      root: quorum('root'),
      timestamp: quorum('timestamp'),
      snapshot: quorum('snapshot'),
      targets: quorum('targets'),
    },
  };
}

export function readTargets(what: string, bytes: Uint8Array): TargetsDocument {
  const signed = opened(what, bytes, 'targets', ['targets', 'delegations']);
  const targets = new Map<string, Entry>();
  for (const [name, value] of signed.record('targets')) targets.set(name, readEntry(what, name, value));
  const delegations = signed.get('delegations');
  return {
    type: 'targets',
    ...common(signed),
    targets,
    ...(delegations !== undefined && { delegations: readDelegations(what, delegations) }),
  };
}

export function readSnapshot(what: string, bytes: Uint8Array): SnapshotDocument {
  const signed = opened(what, bytes, 'snapshot', ['meta']);
  const meta = new Map<string, number>();
  for (const [file, value] of signed.record('meta')) {
    const entry = onlyMembers(`the entry of ${file.slice(0, 80)} in ${what}`, value, ['version']);
    if (!file.endsWith('.json')) throw malformed(what, `lists ${JSON.stringify(file.slice(0, 80))}, which is no file`);
    meta.set(file.slice(0, -'.json'.length), entry.integer('version', 1));
  }
  return { type: 'snapshot', ...common(signed), meta };
}

export function readTimestamp(what: string, bytes: Uint8Array): TimestampDocument {
  const signed = opened(what, bytes, 'timestamp', ['meta']);
  const meta = onlyMembers(what, signed.get('meta'), ['snapshot.json']);
  const known = ['version', 'length', 'hashes'];
  const entry = onlyMembers(`the snapshot of ${what}`, meta.get('snapshot.json'), known);
  const sha256 = sha256Of(entry);
  const snapshot = { version: entry.integer('version', 1), length: entry.integer('length', 1), sha256 };
  return { type: 'timestamp', ...common(signed), snapshot };
}

function opened(what: string, bytes: Uint8Array, type: string, known: readonly string[]): Members {
  const tree = readJsonAs('trust.malformed', what, bytes, JSON_LIMITS);
  const outer = onlyMembers(what, tree, ['signed', 'signatures']);
  const signed = onlyMembers(what, outer.get('signed'), ['_type', 'spec_version', 'version', 'expires', ...known]);
  if (signed.string('_type') !== type) throw malformed(what, `is not of the type ${type}`);
  return signed;
}

function common(signed: Members): { readonly version: number; readonly expires: number } {
  return { version: signed.integer('version', 1), expires: instantOf(signed, 'expires') };
}

function readEntry(what: string, name: string, value: Json): Entry {
  const entry = onlyMembers(`${name.slice(0, 160)} in ${what}`, value, ['length', 'hashes', 'custom']);
  const sha256 = sha256Of(entry);
  const custom = onlyMembers(entry.what, entry.get('custom'), ['oci', 'tufgate']);
  const mediaType = readMediaType(entry.what, custom.get('oci'));
  const word = readWord(entry.what, custom.get('tufgate'));
  return { length: entry.integer('length', 0), sha256, ...(mediaType !== undefined && { mediaType }), word };
}

function sha256Of(entry: Members): string {
  const hashes = onlyMembers(entry.what, entry.get('hashes'), ['sha256']);
  const sha256 = hashes.string('sha256');
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw malformed(entry.what, 'has no sha256 of 64 hex digits');
}

function readMediaType(what: string, value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  return onlyMembers(what, value, ['mediaType']).string('mediaType');
}
