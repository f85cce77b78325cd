import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import type { Plain } from '../../../simulator/tuf-document.ts';
import { TufRepository } from '../../../simulator/tuf-repository.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { Crypto } from '../crypto-port.ts';
import type { Targets } from '../model.ts';
import { tufFormat } from './tuf.ts';

const NOW = Date.UTC(2026, 10, 21);

const plainOf = (repository: TufRepository): Plain =>
  (JSON.parse(Buffer.from(repository.publish().at('targets')).toString()) as { signed: Plain }).signed;

const ROLES = plainOf(new TufRepository(NOW, { name: 'roles' }).delegate('a').delegate('b', { terminating: true }));
const BINS = plainOf(new TufRepository(NOW, { name: 'bins' }).bins('bins', { bits: 4 }));

function targets(signed: Plain, crypto: Crypto = nodeCrypto): Targets {
  return tufFormat.targets('test', 'targets', Buffer.from(JSON.stringify({ signed, signatures: [] })), crypto).model;
}

/** The honest file with one member of `delegations` replaced; undefined removes it. */
function changed(base: Plain, path: string, value: unknown): Plain {
  const signed = structuredClone(base);
  const names = path === '' ? [] : path.split(' ');
  const parent = ['delegations', ...names.slice(0, -1)].reduce((at, name) => at[name] as Plain, signed);
  if (path === '') signed['delegations'] = value;
  else parent[names.at(-1) ?? ''] = value;
  return signed;
}

const verdict = (base: Plain, path: string, value: unknown): string => code(() => targets(changed(base, path, value)));

test('delegations are read in the order of the file, with what each says', () => {
  const { delegations, bins } = targets(ROLES);
  expect(delegations).toMatchObject([
    { role: 'a', threshold: 1, terminating: false, paths: { kind: 'patterns', of: ['a:*'] } },
    { role: 'b', threshold: 1, terminating: true, paths: { kind: 'patterns', of: ['b:*'] } },
  ]);
  expect(delegations.every(({ keys }) => keys.every(({ material }) => material !== undefined))).toBe(true);
  expect(bins).toBeUndefined();
});

test('names that look like numbers keep their order', () => {
  const repository = new TufRepository(NOW, { name: 'numbers' });
  for (const name of ['z', '10', '2', '__proto__']) repository.delegate(name);
  expect(targets(plainOf(repository)).delegations.map(({ role }) => role)).toEqual(['z', '10', '2', '__proto__']);
});

test('hash prefixes and bins', () => {
  const prefixed = plainOf(new TufRepository(NOW, { name: 'prefixes' }).delegate('a', { prefixes: ['0', 'ff'] }));
  expect(targets(prefixed).delegations[0]?.paths).toEqual({ kind: 'hash-prefixes', of: ['0', 'ff'] });
  expect(targets(BINS)).toMatchObject({ delegations: [], bins: { prefix: 'bins', bits: 4, threshold: 1 } });
  expect(targets(BINS).bins?.keys).toHaveLength(1);
});

const PATHS = { paths: undefined, path_hash_prefixes: undefined };

describe('roles', () => {
  test.each<[string, unknown, string]>([
    ['', undefined, 'accepted'],
    ['', null, 'trust.malformed'],
    ['', [], 'trust.malformed'],
    ['', {}, 'trust.malformed'],
    ['', { keys: {}, roles: [] }, 'accepted'],
    ['', { roles: [] }, 'trust.malformed'],
    ['', { keys: {}, Roles: [], roles: [] }, 'trust.malformed'],
    ['keys', undefined, 'trust.malformed'],
    ['keys', [], 'trust.malformed'],
    ['keys unused', { keytype: 1 }, 'accepted'],
    ['roles', undefined, 'trust.malformed'],
    ['roles', null, 'trust.malformed'],
    ['roles', {}, 'trust.malformed'],
    ['roles 0', null, 'trust.malformed'],
    ['roles 0 name', undefined, 'trust.malformed'],
    ['roles 0 name', 1, 'trust.malformed'],
    ['roles 0 name', '', 'trust.malformed'],
    ['roles 0 name', 'b', 'trust.malformed'],
    ['roles 0 name', 'root', 'trust.malformed'],
    ['roles 0 name', 'timestamp', 'trust.malformed'],
    ['roles 0 name', 'snapshot', 'trust.malformed'],
    ['roles 0 name', 'targets', 'trust.malformed'],
    ['roles 0 name', 'Targets', 'accepted'],
    ['roles 0 name', 'targets/x', 'accepted'],
    ['roles 0 name', '?', 'accepted'],
    ['roles 0 name', '#', 'accepted'],
    ['roles 0 name', '/delegatedrole', 'accepted'],
    ['roles 0 name', '../delegatedrole', 'accepted'],
    ['roles 0 name', '2.root', 'trust.malformed'],
    ['roles 0 name', '10.root', 'trust.malformed'],
    ['roles 0 name', 'a.root', 'accepted'],
    ['roles 0 name', 'v2.root', 'accepted'],
    ['roles 0 name', '2.roots', 'accepted'],
    ['roles 0 name', 'a\u0000b', 'trust.malformed'],
    ['roles 0 name', 'a\u007fb', 'trust.malformed'],
    ['roles 0 name', 'a\u0085b', 'trust.malformed'],
    ['roles 0 name', 'a'.repeat(255), 'accepted'],
    ['roles 0 name', 'a'.repeat(256), 'trust.malformed'],
    ['roles 0 Name', 'a', 'trust.malformed'],
    ['roles 0 threshold', 0, 'trust.malformed'],
    ['roles 0 threshold', -1, 'trust.malformed'],
    ['roles 0 threshold', undefined, 'trust.malformed'],
    ['roles 0 threshold', '1', 'trust.malformed'],
    ['roles 0 threshold', 2, 'accepted'],
    ['roles 0 keyids', undefined, 'trust.malformed'],
    ['roles 0 keyids', [], 'accepted'],
    ['roles 0 keyids', ['gone'], 'accepted'],
    ['roles 0 keyids', ['x', 'x'], 'trust.malformed'],
    ['roles 0 keyids', Array.from({ length: 65 }, (_, i) => `k${i}`), 'trust.too-large'],
    ['roles 0 terminating', undefined, 'trust.malformed'],
    ['roles 0 terminating', null, 'trust.malformed'],
    ['roles 0 terminating', 1, 'trust.malformed'],
    ['roles 0 Terminating', true, 'trust.malformed'],
    ['roles 0 paths', undefined, 'trust.malformed'],
    ['roles 0 paths', null, 'trust.malformed'],
    ['roles 0 paths', 'a', 'trust.malformed'],
    ['roles 0 paths', [1], 'trust.malformed'],
    ['roles 0 paths', [], 'accepted'],
    ['roles 0 paths', ['a', 'x/{a,b}'], 'trust.malformed'],
    ['roles 0 paths', ['!a'], 'trust.malformed'],
    ['roles 0 paths', ['a*/?[a-z]/[!0-9]'], 'accepted'],
    ['roles 0 path_hash_prefixes', ['0'], 'trust.malformed'],
    ['roles 0 path_hash_prefixes', null, 'trust.malformed'],
    ['roles 0', { name: 'a', keyids: [], threshold: 1, terminating: false }, 'trust.malformed'],
    ['roles 0 x-unknown', {}, 'accepted'],
    ['succinct_roles', { keyids: [], threshold: 1, bit_length: 4, name_prefix: 'x' }, 'trust.malformed'],
    ['succinct_roles', null, 'trust.malformed'],
  ])('with %s = %j: %s', (path, value, expected) => {
    expect(verdict(ROLES, path, value)).toBe(expected);
  });

  test.each<[unknown, string]>([
    [['0'], 'accepted'],
    [['0123456789abcdef'.repeat(4)], 'accepted'],
    [[], 'accepted'],
    [[''], 'trust.malformed'],
    [['0', 'F'], 'trust.malformed'],
    [['g'], 'trust.malformed'],
    [['0\n'], 'trust.malformed'],
    [['0'.repeat(65)], 'trust.malformed'],
    [[0], 'trust.malformed'],
    ['0', 'trust.malformed'],
    [null, 'trust.malformed'],
  ])('with hash prefixes %j: %s', (prefixes, expected) => {
    const role = { name: 'a', keyids: [], threshold: 1, terminating: false, ...PATHS, path_hash_prefixes: prefixes };
    expect(verdict(ROLES, 'roles 0', role)).toBe(expected);
  });

  test('an id without a key is a key that never counts', () => {
    const { delegations } = targets(changed(ROLES, 'roles 0 keyids', ['gone', 'constructor']));
    expect(delegations[0]?.keys).toEqual([{ keyId: 'gone' }, { keyId: 'constructor' }]);
  });

  test('a message names the role and the pattern, and what to write instead', () => {
    expect(() => targets(changed(ROLES, 'roles 1 paths', ['x/{a,b}']))).toThrow(
      'the role b in delegations of targets of test has a pattern "x/{a,b}" that clients read differently: use *, ? and',
    );
  });
});

describe('bins', () => {
  test.each<[string, unknown, string]>([
    ['succinct_roles', null, 'trust.malformed'],
    ['succinct_roles', [], 'trust.malformed'],
    ['succinct_roles bit_length', 1, 'accepted'],
    ['succinct_roles bit_length', 32, 'accepted'],
    ['succinct_roles bit_length', 0, 'trust.malformed'],
    ['succinct_roles bit_length', 33, 'trust.malformed'],
    ['succinct_roles bit_length', -1, 'trust.malformed'],
    ['succinct_roles bit_length', '4', 'trust.malformed'],
    ['succinct_roles bit_length', 1.5, 'trust.malformed'],
    ['succinct_roles bit_length', undefined, 'trust.malformed'],
    ['succinct_roles Bit_length', 4, 'trust.malformed'],
    ['succinct_roles name_prefix', undefined, 'trust.malformed'],
    ['succinct_roles name_prefix', 'a\nb', 'trust.malformed'],
    ['succinct_roles name_prefix', 'a'.repeat(246), 'accepted'],
    ['succinct_roles name_prefix', 'a'.repeat(247), 'trust.malformed'],
    ['succinct_roles threshold', 0, 'trust.malformed'],
    ['succinct_roles threshold', undefined, 'trust.malformed'],
    ['succinct_roles keyids', undefined, 'trust.malformed'],
    ['succinct_roles keyids', ['a', 'a'], 'trust.malformed'],
    ['roles', [], 'trust.malformed'],
  ])('with %s = %j: %s', (path, value, expected) => {
    expect(verdict(BINS, path, value)).toBe(expected);
  });
});

const TWINS: readonly [string, Plain][] = [
  ...['keys', 'roles'].map((name): [string, Plain] => [name, ROLES]),
  ...['name', 'keyids', 'threshold', 'terminating', 'paths', 'path_hash_prefixes'].map((name): [string, Plain] => [
    `roles 0 ${name}`,
    ROLES,
  ]),
  ['succinct_roles', BINS],
  ...['keyids', 'threshold', 'bit_length', 'name_prefix'].map((name): [string, Plain] => [
    `succinct_roles ${name}`,
    BINS,
  ]),
];

test.each(TWINS)('a twin of %s that differs in case alone is refused', (path, base) => {
  const names = path.split(' ');
  const twin = [...names.slice(0, -1), (names.at(-1) ?? '').toUpperCase()].join(' ');
  expect(verdict(base, twin, 1)).toBe('trust.malformed');
});

test.each<[string, unknown, Plain, string]>([
  ['roles 0 name', 0, ROLES, 'a role in delegations of targets of test has no string name'],
  ['roles 0 threshold', 0, ROLES, 'the role a in delegations of targets of test has no integer threshold'],
  ['roles 0 paths', ['!'.repeat(10_000)], ROLES, `has a pattern "${'!'.repeat(80)}" that`],
  ['succinct_roles bit_length', 0, BINS, 'bins of targets of test has no integer bit_length of at least 1'],
])('the message of a wrong %s says where', (path, value, base, expected) => {
  expect(message(() => targets(changed(base, path, value)))).toContain(expected);
});

test('a key that many delegations name is read once, one that none names never', () => {
  let read = 0;
  const counting: Crypto = { ...nodeCrypto, readKey: (spki) => (++read, nodeCrypto.readKey(spki)) };
  const point = '04' + 'ab'.repeat(64);
  const entry = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: point } };
  const roles = Array.from({ length: 100 }, (_, i) => ({
    name: `r${i}`,
    keyids: ['a', 'b'],
    threshold: 1,
    terminating: true,
    paths: ['*'],
  }));
  const signed = changed(ROLES, '', { keys: { a: entry, b: entry, unused: entry }, roles });
  expect(targets(signed, counting).delegations).toHaveLength(100);
  expect(read).toBe(2);
});

test('any value in any place of a delegation gives a model or a coded error', () => {
  const places = ['', 'keys', 'roles', 'roles 0', ...Object.keys(roleOf(ROLES)).map((name) => `roles 0 ${name}`)];
  const nasty = fc.oneof(fc.constantFrom(null, [], {}, '', -1, 0, '1', true, [null], ['[']), fc.jsonValue());
  fc.assert(
    fc.property(fc.constantFrom(...places), nasty, (path, value) => {
      expect(['accepted', 'trust.malformed', 'trust.too-large']).toContain(verdict(ROLES, path, value));
    }),
    { numRuns: 1_000 },
  );
});

function roleOf(signed: Plain): Plain {
  return (signed['delegations'] as { roles: Plain[] }).roles[0]!;
}

describe('what each search compares its name with is bounded', () => {
  const role = (ROLES['delegations'] as { roles: [Plain] }).roles[0];
  const many = (count: number, of: (i: number) => unknown): unknown[] => Array.from({ length: count }, (_, i) => of(i));
  const hashed = (prefixes: number): Plain => ({
    ...role,
    paths: undefined,
    path_hash_prefixes: many(prefixes, () => 'a'),
  });

  test.each([
    ['delegations', 32_768, (count: number) => many(count, (i) => ({ ...role, name: `r${i}`, paths: [] }))],
    [
      'patterns',
      32_768,
      (count: number) => [
        { ...role, paths: ['x'] },
        { ...role, name: 'b', paths: many(count - 1, String) },
      ],
    ],
    ['hash-prefixes', 131_072, (count: number) => [hashed(1), { ...hashed(count - 1), name: 'b' }]],
  ])('%s: %i of one file are read, one more is refused', (of, most, roles) => {
    expect(verdict(ROLES, 'roles', roles(most))).toBe('accepted');
    const over = changed(ROLES, 'roles', roles(most + 1));
    expect(code(() => targets(over))).toBe('trust.too-large');
    expect(message(() => targets(over))).toContain(`have ${most + 1} ${of}, more than ${most}`);
  });
});
