import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import { issueCertificate } from '../../../simulator/notary-certificate.ts';
import type { Plain } from '../../../simulator/notary-document.ts';
import { certifiedKey, plainKey } from '../../../simulator/notary-key.ts';
import { NotaryRepository } from '../../../simulator/notary-repository.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { Crypto } from '../crypto-port.ts';
import { signedBy } from '../threshold.ts';
import { notaryFormat } from './notary.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const SHA256 = Buffer.alloc(32, 7).toString('base64');
const repository = new NotaryRepository(GUN, NOW)
  .delegate('targets/releases', { paths: ['rel-', ''] })
  .put('1', { length: 9, hashes: { sha256: SHA256 } })
  .publish()
  .touch('targets')
  .publish();

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets';
const ROLES: readonly Role[] = ['root', 'timestamp', 'snapshot', 'targets'];

function read(role: Role, bytes: Uint8Array): ReturnType<typeof notaryFormat.root | typeof notaryFormat.targets> {
  if (role === 'targets') return notaryFormat.targets(GUN, role, bytes, nodeCrypto);
  return notaryFormat[role](GUN, bytes, nodeCrypto) as ReturnType<typeof notaryFormat.root>;
}

const honest = (role: Role): { signed: Plain; signatures: Plain[] } =>
  JSON.parse(Buffer.from(repository.bytesOf(role)).toString()) as { signed: Plain; signatures: Plain[] };

/** The honest file with one member replaced; undefined removes it. */
function changed(role: Role, path: string, value: unknown): Uint8Array {
  const document = honest(role) as unknown as Plain;
  const names = path.split(' ');
  const last = names.pop() ?? '';
  names.reduce((at, name) => at[name] as Plain, document)[last] = value;
  return Buffer.from(JSON.stringify(document));
}

const hashesOf = (role: string): object => {
  const bytes = repository.bytesOf(role);
  const [sha256, sha512] = ['sha256', 'sha512'].map((name) => createHash(name).update(bytes).digest('hex'));
  return { length: bytes.length, hashes: { sha256, sha512 } };
};
const authority = (role: string): object => ({
  keys: repository.of(role).keys.map(({ keyId }) => ({ keyId, material: expect.any(Object) as unknown })),
  threshold: 1,
});

describe('a file is read as what it says', () => {
  test('root', () => {
    expect(read('root', repository.bytesOf('root')).model).toEqual({
      type: 'root',
      version: 1,
      expires: NOW + 3_650 * DAY,
      root: authority('root'),
      timestamp: authority('timestamp'),
      snapshot: authority('snapshot'),
      targets: authority('targets'),
      consistentSnapshot: false,
    });
  });

  test('timestamp', () => {
    expect(read('timestamp', repository.bytesOf('timestamp')).model).toEqual({
      type: 'timestamp',
      version: 2,
      expires: NOW + 14 * DAY,
      snapshot: hashesOf('snapshot'),
    });
  });

  test('snapshot', () => {
    expect(read('snapshot', repository.bytesOf('snapshot')).model).toEqual({
      type: 'snapshot',
      version: 2,
      expires: NOW + 1_095 * DAY,
      meta: new Map(['root', 'targets', 'targets/releases'].map((role) => [role, hashesOf(role)])),
    });
  });

  test('targets', () => {
    expect(read('targets', repository.bytesOf('targets')).model).toEqual({
      type: 'targets',
      version: 2,
      expires: NOW + 1_095 * DAY,
      targets: new Map([['1', { length: 9, sha256: Buffer.alloc(32, 7).toString('hex') }]]),
      delegations: [
        {
          role: 'targets/releases',
          ...authority('targets/releases'),
          paths: { kind: 'prefixes', of: ['rel-', ''] },
          terminating: false,
        },
      ],
    });
  });

  test('delegations, in the order of the file', () => {
    const [role] = (honest('targets').signed['delegations'] as { roles: Plain[] }).roles;
    const roles = ['targets/b', 'targets/a'].map((name) => ({ ...role, name }));
    const bytes = changed('targets', 'signed delegations roles', roles);
    const { delegations } = notaryFormat.targets(GUN, 'targets', bytes, nodeCrypto).model;
    expect(delegations.map((delegation) => delegation.role)).toEqual(['targets/b', 'targets/a']);
  });

  test.each(ROLES)('%s, with the signature that its key made', (role) => {
    const signed = read(role, repository.bytesOf(role));
    const { keyId, method } = repository.of(role).keys[0]!;
    expect(signed.signatures).toEqual([{ keyId, method, bytes: expect.any(Uint8Array) as unknown }]);
    const { root } = notaryFormat.root(GUN, repository.bytesOf('root'), nodeCrypto).model;
    const keys =
      role === 'root' ? root.keys : notaryFormat.root(GUN, repository.bytesOf('root'), nodeCrypto).model[role].keys;
    expect(signedBy(nodeCrypto, keys, signed).signers).toEqual([keyId]);
  });

  test('is of its kind', () => expect(notaryFormat.kind).toBe('notary'));
});

describe('what may be missing', () => {
  const targets = (path: string, value: unknown): unknown => read('targets', changed('targets', path, value)).model;

  test.each([undefined, null])('targets and delegations that are %s are none', (value) => {
    expect(targets('signed targets', value)).toMatchObject({ targets: new Map() });
    expect(targets('signed delegations', value)).toMatchObject({ delegations: [] });
    expect(targets('signed delegations roles', value)).toMatchObject({ delegations: [] });
    expect(targets('signed delegations roles 0 paths', value)).toMatchObject({
      delegations: [{ paths: { kind: 'prefixes', of: [] } }],
    });
  });

  test('keys may be missing where no role names one', () => {
    const file = changed('targets', 'signed delegations', { keys: null, roles: [] });
    expect(code(() => read('targets', file))).toBe('accepted');
  });

  test('sha512 may, sha256 may not', () => {
    const entry = (hashes: object): Uint8Array => changed('timestamp', 'signed meta snapshot hashes', hashes);
    expect(read('timestamp', entry({ sha256: SHA256 })).model).toMatchObject({
      snapshot: { hashes: { sha256: Buffer.alloc(32, 7).toString('hex') } },
    });
    const { model } = notaryFormat.timestamp(GUN, entry({ sha256: SHA256 }), nodeCrypto);
    expect(Object.keys(model.snapshot.hashes)).toEqual(['sha256']);
    expect(code(() => read('timestamp', entry({ sha512: Buffer.alloc(64).toString('base64') })))).toBe(
      'trust.malformed',
    );
  });

  test.each<[unknown, object]>([
    [
      { length: 0, hashes: { sha256: SHA256 } },
      { length: 0, sha256: Buffer.alloc(32, 7).toString('hex') },
    ],
    [{ length: -1, hashes: { sha256: SHA256 } }, { sha256: Buffer.alloc(32, 7).toString('hex') }],
    [{ length: '1', hashes: { sha256: SHA256 } }, { sha256: Buffer.alloc(32, 7).toString('hex') }],
    [{ length: 1, hashes: { sha256: 'AAAA' } }, { length: 1 }],
    [{ length: 1, hashes: { sha256: 7 } }, { length: 1 }],
    [{ length: 1, hashes: { sha256: null } }, { length: 1 }],
    [{ length: 1, hashes: { sha512: SHA256 } }, { length: 1 }],
    [{ length: 1, hashes: null }, { length: 1 }],
    [{ length: 1 }, { length: 1 }],
  ])('a target %j is one of %j', (entry, expected) => {
    const bytes = changed('targets', 'signed targets 1', entry);
    const { model } = notaryFormat.targets(GUN, 'targets', bytes, nodeCrypto);
    expect([...model.targets]).toStrictEqual([['1', expected]]);
  });
});

describe('signatures', () => {
  const signatures = (...list: Plain[]): ReturnType<typeof read>['signatures'] =>
    read('targets', changed('targets', 'signatures', list)).signatures;

  test('may be of any kind, in any case, and no signature at all', () => {
    expect(signatures({ keyid: 'a', method: 'ECDSA', sig: 'AAAA' }, { keyid: 'b', method: 'x', sig: '%%' })).toEqual([
      { keyId: 'a', method: 'ecdsa', bytes: new Uint8Array(3) },
      { keyId: 'b', method: 'x', bytes: new Uint8Array() },
    ]);
  });

  test('are 64 at most', () => {
    const many = (count: number): string =>
      code(() => signatures(...Array.from({ length: count }, () => ({ keyid: 'a', method: 'x', sig: '' }))));
    expect([many(64), many(65)]).toEqual(['accepted', 'trust.malformed']);
  });

  test.each(['keyid', 'method', 'sig'])('need their %s, spelt so', (name) => {
    const entry: Plain = { keyid: 'a', method: 'x', sig: '' };
    expect(code(() => signatures({ ...entry, [name]: undefined }))).toBe('trust.malformed');
    expect(message(() => signatures({ ...entry, [name.toUpperCase()]: '' }))).toContain(
      `a signature of targets of ${GUN} has a member "${name.toUpperCase()}"`,
    );
  });
});

test.each<[Role, string, string]>([
  ...ROLES.flatMap((role): [Role, string, string][] =>
    ['_TYPE', 'VERSION', 'EXPIRES'].map((name) => [role, `signed ${name}`, `${role} of`]),
  ),
  ...ROLES.flatMap((role): [Role, string, string][] =>
    ['SIGNED', 'SIGNATURES'].map((name) => [role, name, `${role} of`]),
  ),
  ['root', 'signed KEYS', 'root of'],
  ['root', 'signed ROLES', 'root of'],
  ['root', 'signed CONSISTENT_SNAPSHOT', 'root of'],
  ['root', 'signed roles targets KEYIDS', 'role targets in root of'],
  ['root', 'signed roles targets THRESHOLD', 'role targets in root of'],
  ['timestamp', 'signed META', 'timestamp of'],
  ['timestamp', 'signed meta snapshot LENGTH', 'the entry of "snapshot" in timestamp of'],
  ['timestamp', 'signed meta snapshot HASHES', 'the entry of "snapshot" in timestamp of'],
  ['timestamp', 'signed meta snapshot CUSTOM', 'the entry of "snapshot" in timestamp of'],
  ['snapshot', 'signed META', 'snapshot of'],
  ['snapshot', 'signed meta root LENGTH', 'the entry of "root" in snapshot of'],
  ['targets', 'signed TARGETS', 'targets of'],
  ['targets', 'signed DELEGATIONS', 'targets of'],
  ['targets', 'signed targets 1 LENGTH', 'a target in targets of'],
  ['targets', 'signed targets 1 HASHES', 'a target in targets of'],
  ['targets', 'signed targets 1 CUSTOM', 'a target in targets of'],
  ['targets', 'signed delegations KEYS', 'delegations of targets of'],
  ['targets', 'signed delegations ROLES', 'delegations of targets of'],
  ['targets', 'signed delegations roles 0 NAME', 'a delegation of targets of'],
  ['targets', 'signed delegations roles 0 PATHS', 'a delegation of targets of'],
  ['targets', 'signed delegations roles 0 KEYIDS', 'delegation targets/releases in targets of'],
  ['targets', 'signed delegations roles 0 THRESHOLD', 'delegation targets/releases in targets of'],
])('%s refuses a second spelling of %s, and says where it stands', (role, path, where) => {
  const told = message(() => read(role, changed(role, path, 1)));
  expect(told).toContain(`${where} ${GUN} has a member "${path.split(' ').at(-1) ?? ''}"`);
  expect(told).toMatch(new RegExp(`^${where} `));
});

test('a file of a delegated role is told of by its name', () => {
  const bytes = new TextEncoder().encode('x');
  expect(message(() => notaryFormat.targets(GUN, 'targets/a', bytes, nodeCrypto))).toContain(`targets/a of ${GUN}`);
});

describe('what is named', () => {
  test('must be there: a key by its first twelve digits', () => {
    const keyIds = ['f'.repeat(64)];
    const told = message(() => read('root', changed('root', 'signed roles snapshot keyids', keyIds)));
    expect(told).toContain(`role snapshot in root of ${GUN} names a key "${'f'.repeat(12)}" that is not there`);
  });

  test('is no direct child: told of by eighty characters', () => {
    const name = `targets/${'x'.repeat(100)}/y`;
    const told = message(() => read('targets', changed('targets', 'signed delegations roles 0 name', name)));
    expect(told).toContain(`delegates to "${name.slice(0, 80)}", which`);
  });

  test('is no entry: told of by eighty characters', () => {
    const told = message(() => read('snapshot', changed('snapshot', `signed meta ${'x'.repeat(100)}`, null)));
    expect(told).toContain(`the entry of "${'x'.repeat(80)}" in snapshot of ${GUN} is not a JSON object`);
  });

  test('twice among the keys of a role counts once, and 64 are enough', () => {
    const [key] = repository.of('targets').keys;
    const twice = changed('root', 'signed roles targets keyids', [key?.keyId, key?.keyId]);
    const { model } = notaryFormat.root(GUN, twice, nodeCrypto);
    expect(model.targets.keys).toHaveLength(1);
    const keys = Array.from({ length: 65 }, (_, i) => [`k${i}`, plainKeyEntry] as const);
    const many = (count: number): string => {
      const document = honest('root');
      Object.assign(document.signed['keys'] as object, Object.fromEntries(keys));
      (document.signed['roles'] as Record<string, Plain>)['targets']!['keyids'] = keys
        .slice(0, count)
        .map(([id]) => id);
      return code(() => read('root', Buffer.from(JSON.stringify(document))));
    };
    expect([many(64), many(65)]).toEqual(['accepted', 'trust.too-large']);
  });

  test('as a role twice is refused', () => {
    const [role] = (honest('targets').signed['delegations'] as { roles: object[] }).roles;
    expect(code(() => read('targets', changed('targets', 'signed delegations roles', [role, role])))).toBe(
      'trust.malformed',
    );
  });
});

describe('what a file can cost', () => {
  const { pem, keys } = issueCertificate({ commonNames: ['a'], notBefore: NOW, notAfter: NOW + DAY });
  const { keyId, entry } = certifiedKey(pem, keys);
  const named = { keyids: [keyId], threshold: 1 };
  const delegating = (count: number): Uint8Array => {
    const roles = Array.from({ length: count }, (_, i) => ({ name: `targets/r${i}`, paths: [''], ...named }));
    return changed('targets', 'signed delegations', { keys: { [keyId]: entry }, roles });
  };
  const reads = (parse: (crypto: Crypto) => unknown): number => {
    let read = 0;
    parse({ ...nodeCrypto, readCertificates: (...of) => ((read += 1), nodeCrypto.readCertificates(...of)) });
    return read;
  };

  test('a key that many roles name is read once, one that none names never', () => {
    expect(reads((crypto) => notaryFormat.targets(GUN, 'targets', delegating(256), crypto))).toBe(1);
    const unused = changed('targets', 'signed delegations', { keys: { [keyId]: entry }, roles: [] });
    expect(reads((crypto) => notaryFormat.targets(GUN, 'targets', unused, crypto))).toBe(0);
    const document = honest('root');
    document.signed['keys'] = { [keyId]: entry };
    document.signed['roles'] = { root: named, timestamp: named, snapshot: named, targets: named };
    const root = Buffer.from(JSON.stringify(document));
    expect(reads((crypto) => notaryFormat.root(GUN, root, crypto))).toBe(1);
  });

  test('delegations are 256 at most, and none of more is read', () => {
    const many = (count: number): string => code(() => read('targets', delegating(count)));
    expect([many(256), many(257)]).toEqual(['accepted', 'trust.too-large']);
    expect(message(() => read('targets', delegating(300)))).toBe(
      `delegations of targets of ${GUN} are 300, more than 256`,
    );
    expect(reads((crypto) => code(() => notaryFormat.targets(GUN, 'targets', delegating(257), crypto)))).toBe(0);
  });
});

const plainKeyEntry = plainKey('ed25519').entry;
