import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../../../errors.ts';
import type { Plain } from '../../../simulator/notary-document.ts';
import { NotaryRepository } from '../../../simulator/notary-repository.ts';
import { nodeCrypto } from '../../crypto.ts';
import { decodeBase64 } from './base64.ts';
import { parseInstant } from './instant.ts';
import { notaryFormat } from './notary.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const SHA256 = Buffer.alloc(32, 7).toString('base64');
const repository = new NotaryRepository(GUN, NOW)
  .delegate('targets/releases')
  .put('1', { length: 1, hashes: { sha256: SHA256 } })
  .publish();

const PARSERS = {
  ...notaryFormat,
  targets: (gun: string, bytes: Uint8Array, crypto: typeof nodeCrypto) =>
    notaryFormat.targets(gun, 'targets', bytes, crypto),
} as const;
type Role = Exclude<keyof typeof PARSERS, 'kind'>;

function code(role: Role, text: string | Uint8Array): string {
  try {
    PARSERS[role](GUN, typeof text === 'string' ? Buffer.from(text) : text, nodeCrypto);
  } catch (error) {
    expect(error).toBeInstanceOf(TufgateError);
    return codeOf(error);
  }
  return 'accepted';
}

const text = (role: Role): string => Buffer.from(repository.bytesOf(role)).toString();

/** The honest file of a role with one member of `signed` replaced; undefined removes it. */
function withMember(role: Role, path: string, value: unknown): string {
  const { signed } = JSON.parse(text(role)) as { signed: Plain };
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((at, name) => at[name] as Plain, signed);
  parent[last] = value;
  return code(role, JSON.stringify({ signed, signatures: [] }));
}

const ROLES: readonly Role[] = ['root', 'timestamp', 'snapshot', 'targets'];

describe.each(ROLES)('%s', (role) => {
  test('is read as published', () => expect(code(role, text(role))).toBe('accepted'));

  test.each<[string, unknown, string]>([
    ['_type', role, 'trust.malformed'],
    ['_type', undefined, 'trust.malformed'],
    ['version', 0, 'trust.malformed'],
    ['version', -1, 'trust.malformed'],
    ['version', '1', 'trust.malformed'],
    ['version', null, 'trust.malformed'],
    ['version', 2 ** 53 - 1, 'accepted'],
    ['expires', undefined, 'trust.malformed'],
    ['expires', null, 'trust.malformed'],
    ['expires', 'garbage', 'trust.malformed'],
    ['expires', '2030-01-01T00:00:00', 'trust.malformed'],
    ['expires', 1_900_000_000, 'trust.malformed'],
    ['expires', '2030-01-01T00:00:00.941058736-08:00', 'accepted'],
    ['Expires', '2099-01-01T00:00:00Z', 'trust.malformed'],
    ['expireſ', '2099-01-01T00:00:00Z', 'trust.malformed'],
    ['VERSION', 9, 'trust.malformed'],
    ['x-unknown', { any: [1, null] }, 'accepted'],
  ])('with %s = %j', (path, value, expected) => {
    expect(withMember(role, path, value)).toBe(expected);
  });

  test.each<[string, (honest: string) => string]>([
    ['duplicate members', (honest) => honest.replace('"version":', '"version":1,"version":')],
    ['a float version', (honest) => honest.replace(/"version":(\d+)/, '"version":$1.0')],
    ['a number beyond 2^53', (honest) => honest.replace(/"version":\d+/, '"version":9007199254740993')],
    ['a byte order mark', (honest) => `\ufeff${honest}`],
    ['trailing data', (honest) => `${honest}{}`],
    ['a cut end', (honest) => honest.slice(0, -1)],
    ['a second spelling of signed', (honest) => honest.replace('{"signed"', '{"Signed":{},"signed"')],
    ['a second spelling of signatures', (honest) => honest.replace('"signatures"', '"SIGNATURES":[],"signatures"')],
    ['no signatures', (honest) => honest.replace('"signatures"', '"other"')],
    ['signatures that are no list', (honest) => honest.replace(/"signatures":\[.*\]/, '"signatures":{}')],
    ['depth', (honest) => honest.replace('"version"', `"x":${'['.repeat(40)}${']'.repeat(40)},"version"`)],
    ['nothing', () => ''],
    ['null', () => 'null'],
    ['a list', () => '[]'],
    ['a lone surrogate', (honest) => honest.replace('"version"', '"\\ud800":1,"version"')],
  ])('refuses %s', (_, change) => {
    expect(code(role, change(text(role)))).toBe('trust.malformed');
  });
});

test.each<[Role, string, unknown, string]>([
  ['root', 'roles', undefined, 'trust.malformed'],
  ['root', 'roles.timestamp', undefined, 'trust.malformed'],
  ['root', 'roles.root.threshold', 0, 'trust.malformed'],
  ['root', 'roles.root.threshold', -1, 'trust.malformed'],
  ['root', 'roles.root.keyids', ['f'.repeat(64)], 'trust.malformed'],
  ['root', 'roles.root.keyids', [1], 'trust.malformed'],
  ['root', 'roles.root.Threshold', 1, 'trust.malformed'],
  ['root', 'roles.root', null, 'trust.malformed'],
  ['root', 'roles.root/3', { keyids: 7 }, 'accepted'],
  ['root', 'keys', [], 'trust.malformed'],
  ['root', 'consistent_snapshot', true, 'accepted'],
  ['root', 'keys.unused', { nonsense: true }, 'accepted'],
  ['timestamp', 'meta', {}, 'trust.malformed'],
  ['timestamp', 'meta.snapshot.length', -1, 'trust.malformed'],
  ['timestamp', 'meta.snapshot.hashes.sha256', 'ab'.repeat(32), 'trust.malformed'],
  ['timestamp', 'meta.snapshot.hashes.sha256', null, 'trust.malformed'],
  ['timestamp', 'meta.snapshot.hashes.sha512', SHA256, 'trust.malformed'],
  ['timestamp', 'meta.snapshot.hashes.md5', 'x', 'accepted'],
  ['timestamp', 'meta.snapshot.hashes', { sha256: SHA256.replace('=', '') }, 'trust.malformed'],
  ['snapshot', 'meta.root', undefined, 'trust.malformed'],
  ['snapshot', 'meta.targets', undefined, 'trust.malformed'],
  ['snapshot', 'meta.targets', null, 'trust.malformed'],
  ['targets', 'targets', null, 'accepted'],
  ['targets', 'targets', [], 'trust.malformed'],
  ['targets', 'targets.1', null, 'trust.malformed'],
  ['targets', 'targets.1.Hashes', {}, 'trust.malformed'],
  ['targets', 'targets.1.custom', { b: 1, a: '<>&' }, 'accepted'],
  ['targets', 'delegations', undefined, 'accepted'],
  ['targets', 'delegations', null, 'accepted'],
  ['targets', 'delegations.roles', null, 'accepted'],
  ['targets', 'delegations.roles.0.threshold', 0, 'trust.malformed'],
  ['targets', 'delegations.roles.0.paths', null, 'accepted'],
  ['targets', 'delegations.roles.0.paths', ['', 1], 'trust.malformed'],
])('%s with %s = %j is %s', (role, path, value, expected) => {
  expect(withMember(role, path, value)).toBe(expected);
});

test('more than 64 keys of a role are too many', () => {
  const ids = Array.from({ length: 65 }, (_, i) => `k${i}`);
  expect(withMember('root', 'roles.root.keyids', ids)).toBe('trust.too-large');
});

test('any value in any place gives a model or a coded error', () => {
  const paths = [
    'version',
    'expires',
    '_type',
    'meta',
    'roles',
    'keys',
    'roles.root',
    'roles.root.keyids',
    'targets',
    'delegations',
  ];
  const values = fc.oneof(fc.constantFrom(null, [], {}, '', -1, '1', true), fc.jsonValue());
  fc.assert(
    fc.property(fc.constantFrom(...ROLES), fc.constantFrom(...paths), values, (role, path, value) => {
      const root = path.includes('.') && role !== 'root';
      if (!root) expect(['accepted', 'trust.malformed', 'trust.too-large']).toContain(withMember(role, path, value));
    }),
    { numRuns: 300 },
  );
});

test.each<[string, number | undefined]>([
  ['2026-11-21T00:00:00Z', NOW],
  ['2026-11-20T16:00:00-08:00', NOW],
  ['2026-11-21T05:45:00+05:45', NOW],
  ['2026-11-21T00:00:00.000999999Z', NOW],
  ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ['2026-11-21T00:00:00.1234567890Z', undefined],
  ['2026-11-21T00:00:00.Z', undefined],
  ['2026-11-21T00:00:00', undefined],
  ['2026-11-21', undefined],
  ['2026-02-29T00:00:00Z', undefined],
  ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ['2026-13-01T00:00:00Z', undefined],
  ['2026-11-21T24:00:00Z', undefined],
  ['2026-11-21T00:00:60Z', undefined],
  ['2026-11-21T00:00:00+24:00', undefined],
  ['2026-11-21t00:00:00z', undefined],
  ['2026-11-21 00:00:00Z', undefined],
  [' 2026-11-21T00:00:00Z', undefined],
  ['2026-11-21T00:00:00Z\n', undefined],
  ['２026-11-21T00:00:00Z', undefined],
])('the instant %j', (written, expected) => {
  expect(parseInstant(written)).toBe(expected);
});

test('base64 is decoded as Buffer does, and only in its one form', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
    }),
  );
  for (const bad of ['A', 'AA', 'AAA', 'AA=', 'A===', 'AB==', 'AAB=', 'AA==\n', 'A-_A', 'AAAA=', ' AAA', 'AA==AA=='])
    expect(decodeBase64(bad)).toBeUndefined();
});
