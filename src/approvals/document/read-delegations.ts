import type { Json } from '../../json/read.ts';
import { malformed, type Members } from '../../trust/tuf/format/member.ts';
import { requiredStrings } from '../../trust/tuf/format/tuf-authority.ts';
import { isRoleName } from './role-name.ts';
import { type Bins, type DelegatedRole, type Delegations, type KeyEntry, MAX_BITS, type Quorum } from './documents.ts';
import { onlyMembers } from './only-members.ts';

/** @throws trust.malformed */
export function readDelegations(what: string, value: Json): Delegations {
  const members = onlyMembers(`the delegations of ${what}`, value, ['keys', 'roles', 'succinct_roles']);
  const keys = readKeys(what, members.get('keys'));
  if (members.get('succinct_roles') === undefined)
    return { kind: 'roles', keys, roles: members.array('roles').map((role) => readRole(what, role)) };
  if (members.get('roles') !== undefined) throw malformed(what, 'has both roles and bins');
  return { kind: 'bins', keys, bins: readBins(what, members.get('succinct_roles')) };
}

/**
 * The attack: whoever has the key of the role says 2^32 bins, or `../x` for what they are called. Whoever edits the repository, also
 * to take that key away, makes a list of them all, and files of their names.
 */
function readBins(what: string, value: Json | undefined): Bins {
  const bins = onlyMembers(`the bins of ${what}`, value, ['keyids', 'threshold', 'bit_length', 'name_prefix']);
  const [prefix, bits] = [bins.string('name_prefix'), bins.integer('bit_length', 1)];
  if (bits > MAX_BITS) throw malformed(bins.what, `are more than 2^${MAX_BITS}`);
  if (!isRoleName(prefix))
    throw malformed(bins.what, `are called ${JSON.stringify(prefix.slice(0, 80))}, which is no name of a role`);
  return { prefix, bits, ...quorumOf(bins) };
}

export function readKeys(what: string, value: Json | undefined): ReadonlyMap<string, KeyEntry> {
  if (!(value instanceof Map)) throw malformed(what, 'has no keys');
  return new Map([...(value as ReadonlyMap<string, Json>)].map(([keyId, entry]) => [keyId, readKey(what, entry)]));
}

/** Only keys that tufgate makes or takes in; whether it is one at all is found out when a signature of it is verified. */
export function readKey(what: string, value: Json): KeyEntry {
  const key = onlyMembers(`a key of ${what}`, value, ['keytype', 'scheme', 'keyval']);
  const keyval = onlyMembers(key.what, key.get('keyval'), ['public']);
  const [keytype, scheme] = [key.string('keytype'), key.string('scheme')];
  const known = { keyval: { public: keyval.string('public') } };
  if (keytype === 'ed25519' && scheme === 'ed25519') return { keytype, scheme, ...known };
  if (keytype === 'ecdsa' && scheme === 'ecdsa-sha2-nistp256') return { keytype, scheme, ...known };
  throw malformed(what, `has a key of the kind ${JSON.stringify(`${keytype} ${scheme}`.slice(0, 80))}`);
}

export function readQuorum(what: string, value: Json | undefined): Quorum {
  return quorumOf(onlyMembers(what, value, ['keyids', 'threshold']));
}

function quorumOf(members: Members): Quorum {
  return { keyIds: requiredStrings(members, 'keyids'), threshold: members.integer('threshold', 1) };
}

function readRole(what: string, value: Json): DelegatedRole {
  const known = ['name', 'keyids', 'threshold', 'terminating', 'paths', 'path_hash_prefixes'];
  const role = onlyMembers(`a role of ${what}`, value, known);
  const name = role.string('name');
  if (!isRoleName(name))
    throw malformed(what, `delegates to ${JSON.stringify(name.slice(0, 80))}, which is no name of a role`);
  if (role.get('terminating') !== true)
    throw malformed(what, `delegates to ${name}, and others may answer in its place`);
  const patterns = role.get('paths') !== undefined;
  if (patterns === (role.get('path_hash_prefixes') !== undefined))
    throw malformed(what, `delegates to ${name} with neither or both of paths and path_hash_prefixes`);
  const paths: DelegatedRole['paths'] = patterns
    ? { kind: 'patterns', of: requiredStrings(role, 'paths') }
    : { kind: 'hash-prefixes', of: requiredStrings(role, 'path_hash_prefixes') };
  return { name, paths, ...quorumOf(role) };
}
