import { canonicalJson } from '../../../json/canonical.ts';
import { type Json, type JsonObject, readJsonAs } from '../../../json/read.ts';
import { TufgateError } from '../../../errors.ts';
import type { Crypto } from '../crypto-port.ts';
import { toHex } from '../hex.ts';
import { JSON_LIMITS, MAX_KEYS, MAX_ROLES, MAX_SIGNATURES } from '../limits.ts';
import type {
  Authority,
  Delegation,
  Hashes,
  MetaEntry,
  Root,
  Signature,
  Signed,
  Snapshot,
  TargetEntry,
  Targets,
  Timestamp,
} from '../model.ts';
import { delegatorOf, isDelegationName } from '../role-name.ts';
import { decodeBase64 } from './base64.ts';
import type { Format } from './format.ts';
import { parseInstant } from './instant.ts';
import { KeyRing } from './key-ring.ts';
import { malformed, Members } from './member.ts';
import { readKey } from './notary-key.ts';

/**
 * Notary v1's wire form → the common model. Nothing is believed here: a parsed file is only a well-shaped one.
 *
 * Read strictly where a lax reading could differ from Go's or hide something (duplicates, case twins, numbers not
 * written as integers, base64, instants), and as laxly as Notary where publishers depend on it: unknown members,
 * unknown hash algorithms, extra roles in root (`root.3`), keys that no role references, targets without a usable hash
 * (they are refused when looked up). Sources: notaryproject/notary tuf/data/{root,targets,snapshot,timestamp}.go.
 */
interface Reading {
  /** "targets/releases of docker.io/library/alpine" */
  readonly what: string;
  readonly crypto: Crypto;
}

const COMMON = ['_type', 'version', 'expires'];

export const notaryFormat: Format = {
  kind: 'notary',
  root: parseRoot,
  timestamp: parseTimestamp,
  snapshot: parseSnapshot,
  targets: parseTargets,
};

function parseRoot(gun: string, bytes: Uint8Array, crypto: Crypto): Signed<Root> {
  const reading = { what: `root of ${gun}`, crypto };
  return envelope(reading, bytes, 'Root', ['keys', 'roles', 'consistent_snapshot'], (signed, common) => {
    const roles = signed.record('roles');
    const keys = keysOf(reading, signed.record('keys'));
    const authority = (role: string): Authority => authorityOf(reading, `role ${role}`, roles.get(role), keys);
    return {
      type: 'root',
      ...common,
      root: authority('root'),
      timestamp: authority('timestamp'),
      snapshot: authority('snapshot'),
      targets: authority('targets'),
      consistentSnapshot: false,
    };
  });
}

function parseTimestamp(gun: string, bytes: Uint8Array, crypto: Crypto): Signed<Timestamp> {
  const reading = { what: `timestamp of ${gun}`, crypto };
  return envelope(reading, bytes, 'Timestamp', ['meta'], (signed, common) => ({
    type: 'timestamp',
    ...common,
    snapshot: metaEntry(reading.what, 'snapshot', signed.record('meta').get('snapshot')),
  }));
}

function parseSnapshot(gun: string, bytes: Uint8Array, crypto: Crypto): Signed<Snapshot> {
  const reading = { what: `snapshot of ${gun}`, crypto };
  return envelope(reading, bytes, 'Snapshot', ['meta'], (signed, common) => {
    const meta = new Map<string, MetaEntry>();
    for (const [role, entry] of signed.record('meta')) meta.set(role, metaEntry(reading.what, role, entry));
    for (const role of ['root', 'targets']) if (!meta.has(role)) throw malformed(reading.what, `does not list ${role}`);
    return { type: 'snapshot', ...common, meta };
  });
}

/** @param role `targets` or a delegated role: its delegations must be its direct children */
function parseTargets(gun: string, role: string, bytes: Uint8Array, crypto: Crypto): Signed<Targets> {
  const reading = { what: `${role} of ${gun}`, crypto };
  return envelope(reading, bytes, 'Targets', ['targets', 'delegations'], (signed, common) => {
    const targets = new Map<string, TargetEntry>();
    for (const [name, entry] of signed.optionalObject('targets')) targets.set(name, targetEntry(reading.what, entry));
    return { type: 'targets', ...common, targets, delegations: delegationsOf(reading, role, signed) };
  });
}

function envelope<T extends Root | Timestamp | Snapshot | Targets>(
  reading: Reading,
  bytes: Uint8Array,
  type: string,
  known: readonly string[],
  model: (signed: Members, common: { readonly version: number; readonly expires: number }) => T,
): Signed<T> {
  const tree = readJsonAs('trust.malformed', reading.what, bytes, JSON_LIMITS);
  const outer = new Members(reading.what, tree, ['signed', 'signatures']);
  const signatures = signaturesOf(reading.what, outer);
  const content = outer.record('signed');
  const signed = new Members(reading.what, content, [...COMMON, ...known]);
  if (signed.string('_type') !== type) throw malformed(reading.what, `is not of the type ${type}`);
  const expires = parseInstant(signed.string('expires'));
  if (expires === undefined) throw malformed(reading.what, 'has an expiry that is not an RFC 3339 instant with a zone');
  const common = { version: signed.integer('version', 1), expires };
  return { model: model(signed, common), signatures, message: canonicalJson(content) };
}

/** A signature that cannot be one (not base64, say) does not spoil the others: it just never verifies. */
function signaturesOf(what: string, outer: Members): readonly Signature[] {
  const list = outer.array('signatures');
  if (list.length > MAX_SIGNATURES) throw malformed(what, `has more than ${MAX_SIGNATURES} signatures`);
  return list.map((value) => {
    const signature = new Members(`a signature of ${what}`, value, ['keyid', 'method', 'sig']);
    const bytes = decodeBase64(signature.string('sig')) ?? new Uint8Array();
    return { keyId: signature.string('keyid'), method: signature.string('method').toLowerCase(), bytes };
  });
}

function keysOf(reading: Reading, listed: JsonObject): KeyRing {
  return new KeyRing(listed, (keyId, entry) => readKey(reading.what, keyId, entry, reading.crypto));
}

function authorityOf(reading: Reading, role: string, value: Json | undefined, keys: KeyRing): Authority {
  const what = `${role} in ${reading.what}`;
  const members = new Members(what, value, ['keyids', 'threshold']);
  const keyIds = new Set(members.strings('keyids'));
  if (keyIds.size > MAX_KEYS) throw new TufgateError('trust.too-large', `${what} has more than ${MAX_KEYS} keys`);
  const listed = [...keyIds].map((keyId) => {
    const key = keys.get(keyId);
    if (key !== undefined) return key;
    throw malformed(what, `names a key ${JSON.stringify(keyId.slice(0, 12))} that is not there`);
  });
  return { keys: listed, threshold: members.integer('threshold', 1) };
}

function delegationsOf(reading: Reading, role: string, signed: Members): readonly Delegation[] {
  const section = signed.get('delegations');
  if (section === undefined || section === null) return [];
  const members = new Members(`delegations of ${reading.what}`, section, ['keys', 'roles']);
  const roles = members.optionalArray('roles');
  if (roles.length > MAX_ROLES)
    throw new TufgateError('trust.too-large', `${members.what} are ${roles.length}, more than ${MAX_ROLES}`);
  const keys = keysOf(reading, members.optionalObject('keys'));
  const delegations = roles.map((value) => delegation(reading, role, value, keys));
  const names = new Set(delegations.map((child) => child.role));
  if (names.size < delegations.length) throw malformed(reading.what, 'delegates to one role twice');
  return delegations;
}

function delegation(reading: Reading, role: string, value: Json, keys: KeyRing): Delegation {
  const members = new Members(`a delegation of ${reading.what}`, value, ['name', 'paths']);
  const name = members.string('name');
  if (!isDelegationName(name) || delegatorOf(name) !== role)
    throw malformed(reading.what, `delegates to ${JSON.stringify(name.slice(0, 80))}, which is no direct child of it`);
  const authority = authorityOf(reading, `delegation ${name}`, value, keys);
  return { role: name, ...authority, paths: { kind: 'prefixes', of: members.strings('paths') }, terminating: false };
}

function metaEntry(what: string, role: string, value: Json | undefined): MetaEntry {
  const where = `the entry of ${JSON.stringify(role.slice(0, 80))} in ${what}`;
  const members = new Members(where, value, ['hashes', 'length', 'custom']);
  return { hashes: hashesOf(members), length: members.integer('length', 0) };
}

/** A sha256 must be there. Unknown algorithms are ignored; a known one of the wrong size is refused. */
function hashesOf(members: Members): Hashes {
  const found = new Map<string, string>();
  for (const [algorithm, size] of [
    ['sha256', 32],
    ['sha512', 64],
  ] as const) {
    // prettier-ignore
    const value = members.record('hashes').get(algorithm);
    if (value === undefined) continue;
    const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
    if (bytes?.length !== size) throw malformed(members.what, `has a ${algorithm} that is not ${size} bytes of base64`);
    found.set(algorithm, toHex(bytes));
  }
  const [sha256, sha512] = [found.get('sha256'), found.get('sha512')];
  if (sha256 === undefined) throw malformed(members.what, 'has no sha256');
  return { sha256, ...(sha512 === undefined ? {} : { sha512 }) };
}

/** Notary validates neither lengths nor hashes of targets, so one bad entry must not take the others with it. */
function targetEntry(what: string, value: Json): TargetEntry {
  const members = new Members(`a target in ${what}`, value, ['hashes', 'length', 'custom']);
  const text = members.optionalObject('hashes').get('sha256');
  const bytes = typeof text === 'string' ? decodeBase64(text) : undefined;
  const length = members.get('length');
  return {
    ...(bytes?.length === 32 ? { sha256: toHex(bytes) } : {}),
    ...(typeof length === 'number' && length >= 0 ? { length } : {}),
  };
}
