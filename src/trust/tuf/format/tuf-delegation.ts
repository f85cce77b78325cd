import { TufgateError } from '../../../errors.ts';
import type { Json } from '../../../json/read.ts';
import { MAX_DELEGATIONS, MAX_HASH_PREFIXES, MAX_PATTERNS } from '../limits.ts';
import type { Bins, Delegation, Paths, Targets } from '../model.ts';
import { acceptable } from '../path-pattern.ts';
import type { Crypto } from '../crypto-port.ts';
import type { KeyRing } from './key-ring.ts';
import { malformed, Members } from './member.ts';
import { readAuthority, requiredStrings, tufKeys } from './tuf-authority.ts';
import { isTufRoleName, TOP_LEVEL } from './tuf-role-name.ts';

/**
 * SPEC 4.5 and TAP 15. Either roles or bins, either patterns or hash prefixes: where both stand, each client picks its
 * own. What decides who may sign is read strictly, because a delegation that is passed over hands its names to the next.
 */
export function readDelegations(what: string, value: Json | undefined, crypto: Crypto): Delegations {
  if (value === undefined) return { delegations: [] };
  const members = new Members(`delegations of ${what}`, value, ['keys', 'roles', 'succinct_roles']);
  const keys = tufKeys(what, members.record('keys'), crypto);
  return oneOf(members, 'roles', 'succinct_roles') === 'roles'
    ? { delegations: readRoles(members, keys) }
    : { delegations: [], bins: readBins(what, members.get('succinct_roles'), keys) };
}

type Delegations = Pick<Targets, 'delegations' | 'bins'>;

function readRoles(members: Members, keys: KeyRing): readonly Delegation[] {
  const roles = members.array('roles');
  refuseOver(MAX_DELEGATIONS, roles.length, members.what, 'delegations');
  const delegations = roles.map((role) => readRole(members.what, role, keys));
  for (const kind of ['patterns', 'hash-prefixes'] as const) {
    const of = delegations.reduce((sum, { paths }) => sum + (paths.kind === kind ? paths.of.length : 0), 0);
    refuseOver(MOST[kind], of, members.what, kind);
  }
  const names = new Set(delegations.map(({ role }) => role));
  if (names.size < delegations.length) throw malformed(members.what, 'name one role twice');
  return delegations;
}

/** The attack: each search compares its name with every one, and blocks the thread for as long as that takes. */
function refuseOver(most: number, count: number, what: string, of: string): void {
  if (count > most) throw new TufgateError('trust.too-large', `${what} have ${count} ${of}, more than ${most}`);
}

const MOST = { patterns: MAX_PATTERNS, 'hash-prefixes': MAX_HASH_PREFIXES } as const;

function readRole(what: string, value: Json, keys: KeyRing): Delegation {
  const known = ['name', 'keyids', 'threshold', 'terminating', 'paths', 'path_hash_prefixes'];
  const members = new Members(`a role in ${what}`, value, known);
  const role = members.string('name');
  if (!isTufRoleName(role) || TOP_LEVEL.has(role))
    throw malformed(what, `name a role ${JSON.stringify(role.slice(0, 80))}, which cannot be delegated to`);
  const named = new Members(`the role ${role} in ${what}`, value, known);
  return { role, ...readAuthority(named, keys), paths: readPaths(named), terminating: readTerminating(named) };
}

/** Required by every client, though the example in the specification lacks it: it must not be guessed. */
function readTerminating(members: Members): boolean {
  const terminating = members.get('terminating');
  if (typeof terminating !== 'boolean') throw malformed(members.what, 'does not say whether it is terminating');
  return terminating;
}

function readPaths(members: Members): Paths {
  if (oneOf(members, 'paths', 'path_hash_prefixes') === 'paths') {
    const of = requiredStrings(members, 'paths');
    const bad = of.find((pattern) => !acceptable(pattern));
    if (bad === undefined) return { kind: 'patterns', of };
    throw malformed(members.what, `has a pattern ${shown(bad)} that clients read differently: use *, ? and [abc] only`);
  }
  const of = requiredStrings(members, 'path_hash_prefixes');
  const bad = of.find((prefix) => !/^[0-9a-f]{1,64}$/.test(prefix));
  if (bad === undefined) return { kind: 'hash-prefixes', of };
  throw malformed(
    members.what,
    `has a hash prefix ${shown(bad)} that is not the beginning of a sha256 in lower-case hex`,
  );
}

function readBins(what: string, value: Json | undefined, keys: KeyRing): Bins {
  const members = new Members(`bins of ${what}`, value, ['keyids', 'threshold', 'bit_length', 'name_prefix']);
  const [prefix, bits] = [members.string('name_prefix'), members.integer('bit_length', 1)];
  if (bits > 32) throw malformed(members.what, 'are more than 2^32');
  if (!isTufRoleName(`${prefix}-ffffffff`))
    throw malformed(members.what, 'have a prefix that cannot begin a role name');
  return { prefix, bits, ...readAuthority(members, keys) };
}

function oneOf<T extends string>(members: Members, one: T, other: T): T {
  const found = [one, other].filter((name) => members.get(name) !== undefined);
  if (found.length !== 1) throw malformed(members.what, `must have either ${one} or ${other}`);
  return found[0] ?? one;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
