import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import type { Plain } from '../../../simulator/tuf-document.ts';
import { TufRepository } from '../../../simulator/tuf-repository.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { Model, Signed } from '../model.ts';
import { shortOfThreshold, signedBy } from '../threshold.ts';
import { tufFormat } from './tuf.ts';

const NOW = Date.UTC(2026, 10, 21);
const NGINX = 'docker.io/library/nginx:1.27';
const SHA256 = 'ab'.repeat(32);
const SHA512 = 'ab'.repeat(64);
const repository = new TufRepository(NOW, { name: 'format', hashed: true })
  .put(NGINX, { length: 1, digest: `sha256:${SHA256}` })
  .delegate('docker.io/library/alpine')
  .publish();

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
type Role = (typeof ROLES)[number];
const READ: Record<Role, (bytes: Uint8Array) => Signed<Model>> = {
  root: (bytes) => tufFormat.root('test', bytes, nodeCrypto),
  timestamp: (bytes) => tufFormat.timestamp('test', bytes, nodeCrypto),
  snapshot: (bytes) => tufFormat.snapshot('test', bytes, nodeCrypto),
  targets: (bytes) => tufFormat.targets('test', 'targets', bytes, nodeCrypto),
};

const text = (role: Role): string => Buffer.from(repository.at(role)).toString();
const read = (role: Role, written: string): Signed<Model> => READ[role](Buffer.from(written));
const verdict = (role: Role, written: string): string => code(() => read(role, written));

interface Document {
  signed: Plain;
  signatures: unknown;
}

/** The honest file of a role with one member replaced; undefined removes it. */
function withMember(role: Role, path: readonly string[], value: unknown): string {
  const document = JSON.parse(text(role)) as Document;
  const parent = path.slice(0, -1).reduce((at, name) => at[name] as Plain, document as unknown as Plain);
  parent[path.at(-1) ?? ''] = value;
  return JSON.stringify(document);
}

const signedWith = (role: Role, path: string, value: unknown): string =>
  withMember(role, ['signed', ...path.split(' ')], value);

describe.each(ROLES)('%s', (role) => {
  test('is read as published, and the signature is over the canonical form of what was received', () => {
    const signed = read(role, text(role));
    expect(signed.model).toMatchObject({ type: role, version: 1 });
    expect(signed.signatures).toHaveLength(1);
    expect(signed.signatures[0]?.method).toBe('');
  });

  // P1 to P4.
  test.each<[string, unknown, string]>([
    ['_type', 'Root', 'trust.malformed'],
    ['_type', role.toUpperCase(), 'trust.malformed'],
    ['_type', undefined, 'trust.malformed'],
    ['_type', null, 'trust.malformed'],
    ['spec_version', '1.0', 'accepted'],
    ['spec_version', '1.0.0', 'accepted'],
    ['spec_version', '1.0.31', 'accepted'],
    ['spec_version', '1.10', 'accepted'],
    ['spec_version', '1.0.123456789', 'accepted'],
    ['spec_version', '1.0.1234567890', 'trust.malformed'],
    ['spec_version', '1.1234567890', 'trust.malformed'],
    ['spec_version', undefined, 'trust.malformed'],
    ['spec_version', '', 'trust.malformed'],
    ['spec_version', '1', 'trust.malformed'],
    ['spec_version', '1.', 'trust.malformed'],
    ['spec_version', '0.9', 'trust.malformed'],
    ['spec_version', '2.0.0', 'trust.malformed'],
    ['spec_version', '11.0', 'trust.malformed'],
    ['spec_version', '1.0.0.0', 'trust.malformed'],
    ['spec_version', '1.0\n', 'trust.malformed'],
    ['spec_version', '1.x', 'trust.malformed'],
    ['spec_version', 1, 'trust.malformed'],
    ['version', 1, 'accepted'],
    ['version', 2 ** 53 - 1, 'accepted'],
    ['version', 0, 'trust.malformed'],
    ['version', -5, 'trust.malformed'],
    ['version', 1.5, 'trust.malformed'],
    ['version', 1e30, 'trust.malformed'],
    ['version', '1', 'trust.malformed'],
    ['version', true, 'trust.malformed'],
    ['version', null, 'trust.malformed'],
    ['version', undefined, 'trust.malformed'],
    ['expires', '2030-01-01T00:00:00Z', 'accepted'],
    ['expires', '2030-01-01T00:00:00.0Z', 'trust.malformed'],
    ['expires', '2030-01-01T00:00:00+00:00', 'trust.malformed'],
    ['expires', '2030-01-01T00:00:00', 'trust.malformed'],
    ['expires', '2030-01-01', 'trust.malformed'],
    ['expires', '2030-02-30T00:00:00Z', 'trust.malformed'],
    ['expires', '2030-01-01T24:00:00Z', 'trust.malformed'],
    ['expires', '2030-01-01t00:00:00z', 'trust.malformed'],
    ['expires', '+002030-01-01T00:00:00Z', 'trust.malformed'],
    ['expires', ' 2030-01-01T00:00:00Z', 'trust.malformed'],
    ['expires', 'never', 'trust.malformed'],
    ['expires', '2', 'trust.malformed'],
    ['expires', 1_900_000_000, 'trust.malformed'],
    ['expires', null, 'trust.malformed'],
    ['Expires', '2099-01-01T00:00:00Z', 'trust.malformed'],
    ['VERSION', 9, 'trust.malformed'],
    ['x-unknown', { any: [1, null], method: 'x' }, 'accepted'],
    ['x-float', 1.5, 'trust.malformed'],
  ])('with %s = %j: %s', (path, value, expected) => {
    expect(verdict(role, signedWith(role, path, value))).toBe(expected);
  });

  test('reads versions and instants as they are', () => {
    const { model } = read(role, signedWith(role, 'expires', '2030-01-01T00:00:01Z'));
    expect(model.expires).toBe(Date.UTC(2030, 0, 1, 0, 0, 1));
    expect(read(role, signedWith(role, 'version', 2 ** 53 - 1)).model.version).toBe(2 ** 53 - 1);
  });

  test.each(ROLES.filter((other) => other !== role))('is never read as %s, though that is honest', (other) => {
    expect(verdict(role, text(other))).toBe('trust.malformed');
  });

  // P8 and P9: what two parsers read in two ways.
  test.each<[string, (honest: string) => string]>([
    ['a member twice', (honest) => honest.replace('"version":', '"version":1,"version":')],
    ['a float version', (honest) => honest.replace(/"version":\d+/, '"version":1.0')],
    ['an exponent', (honest) => honest.replace(/"version":\d+/, '"version":1e0')],
    ['a number beyond 2^53', (honest) => honest.replace(/"version":\d+/, '"version":9007199254740993')],
    ['a byte order mark', (honest) => `\ufeff${honest}`],
    ['trailing data', (honest) => `${honest}{}`],
    ['a cut end', (honest) => honest.slice(0, -1)],
    ['a second spelling of signed', (honest) => honest.replace('{"signed"', '{"Signed":{},"signed"')],
    ['a second spelling of signatures', (honest) => honest.replace('"signatures"', '"SIGNATURES":[],"signatures"')],
    ['depth', (honest) => honest.replace('"version"', `"x":${'['.repeat(40)}${']'.repeat(40)},"version"`)],
    ['a lone surrogate', (honest) => honest.replace('"version"', '"\\ud800":1,"version"')],
    ['no signatures', (honest) => honest.replace('"signatures"', '"other"')],
    ['signatures that are no list', (honest) => honest.replace(/"signatures":\[.*\]/, '"signatures":{}')],
    ['a signature without a key id', (honest) => honest.replace('"keyid":', '"keyids":')],
    ['a signature that is no string', (honest) => honest.replace(/"sig":"[0-9a-f]+"/, '"sig":null')],
    ['a second spelling of sig', (honest) => honest.replace('"sig":', '"Sig":"","sig":')],
    ['signed that is no object', (honest) => honest.replace('{"signed":', '{"signed":[],"was":')],
    ['nothing', () => ''],
    ['null', () => 'null'],
    ['a list', () => '[]'],
  ])('refuses %s', (_, change) => {
    const changed = change(text(role));
    expect(changed).not.toBe(text(role));
    expect(verdict(role, changed)).toBe('trust.malformed');
  });

  test('refuses bytes that are not UTF-8', () => {
    const bytes = Buffer.from(text(role).replace('"version"', '"\u00e9":1,"version"'), 'latin1');
    expect(code(() => READ[role](bytes))).toBe('trust.malformed');
  });

  test('one key id may sign once: a second signature spoils the file, even a good one', () => {
    const { signatures } = JSON.parse(text(role)) as { signatures: unknown[] };
    expect(verdict(role, withMember(role, ['signatures'], [...signatures, ...signatures]))).toBe('trust.malformed');
  });

  test.each(['', 'zz', 'abc', '0x00', ' ab', 'ab\n', '–'])(
    'a signature %j beside the good one is empty and does no harm',
    (sig) => {
      const { signatures } = JSON.parse(text(role)) as { signatures: unknown[] };
      const both = read(role, withMember(role, ['signatures'], [{ keyid: 'other', sig }, ...signatures]));
      expect(both.signatures.map(({ bytes }) => bytes.length)).toEqual([0, 64]);
    },
  );

  test('hex is read in either case, as by the other clients', () => {
    const { signatures } = JSON.parse(text(role)) as { signatures: { keyid: string; sig: string }[] };
    const upper = signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toUpperCase() }));
    const [bytes, again] = [text(role), withMember(role, ['signatures'], upper)].map((written) =>
      read(role, written).signatures.map((signature) => signature.bytes),
    );
    expect(again).toEqual(bytes);
  });

  test('100,000 signatures are too many', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => ({ keyid: String(i), sig: 'ab' }));
    const written = withMember(role, ['signatures'], many);
    expect(verdict(role, written)).toBe('trust.too-large');
    const few = Array.from({ length: 64 }, (_, i) => ({ keyid: String(i), sig: '' }));
    expect(verdict(role, withMember(role, ['signatures'], few))).toBe('accepted');
    expect(verdict(role, withMember(role, ['signatures'], [...few, { keyid: '64', sig: '' }]))).toBe('trust.too-large');
  });

  test('no key signs a megabyte', () => {
    const long = [{ keyid: 'long', sig: 'ab'.repeat(2_048) }, { keyid: 'longer', sig: 'ab'.repeat(2_049) }]; // prettier-ignore
    const { signatures } = read(role, withMember(role, ['signatures'], long));
    expect(signatures.map(({ bytes }) => bytes.length)).toEqual([2_048, 0]);
  });
});

test('unknown members are signed too, in the order of code points and with their line breaks', () => {
  const edited = new TufRepository(NOW, { name: 'custom' });
  edited.edits.set('root', (signed) =>
    Object.assign(signed, { '😀': 1, '\uffee': 2, z: 'a\nb"\\', A: [{ 10: 1, 2: 2 }] }),
  );
  const signed = tufFormat.root('test', edited.publish().at('root'), nodeCrypto);
  expect(Buffer.from(signed.message).toString()).toMatch(
    /^\{"A":\[\{"10":1,"2":2\}\],.*"z":"a\nb\\"\\\\","\uffee":2,"😀":1\}$/s,
  );
  expect(shortOfThreshold('root', signedBy(nodeCrypto, signed.model.root.keys, signed), 1)).toBeUndefined();
});

describe('root', () => {
  test.each<[string, unknown, string]>([
    ['roles', undefined, 'trust.malformed'],
    ['roles root', undefined, 'trust.malformed'],
    ['roles timestamp', undefined, 'trust.malformed'],
    ['roles snapshot', undefined, 'trust.malformed'],
    ['roles targets', undefined, 'trust.malformed'],
    ['roles root', null, 'trust.malformed'],
    ['roles mirrors', { keyids: 7 }, 'accepted'],
    ['roles root threshold', 0, 'trust.malformed'],
    ['roles root threshold', -1, 'trust.malformed'],
    ['roles root threshold', '1', 'trust.malformed'],
    ['roles root threshold', 1.5, 'trust.malformed'],
    ['roles root threshold', undefined, 'trust.malformed'],
    ['roles root threshold', 6, 'accepted'],
    ['roles root Threshold', 1, 'trust.malformed'],
    ['roles root keyids', [], 'accepted'],
    ['roles root keyids', undefined, 'trust.malformed'],
    ['roles root keyids', null, 'trust.malformed'],
    ['roles root keyids', [1], 'trust.malformed'],
    ['roles root keyids', ['a', 'a'], 'trust.malformed'],
    ['roles root keyids', ['a', 'b'], 'accepted'],
    ['roles root x-tuf-on-ci-expiry-period', 365, 'accepted'],
    ['keys', undefined, 'trust.malformed'],
    ['keys', [], 'trust.malformed'],
    ['keys unused', null, 'accepted'],
    ['consistent_snapshot', true, 'accepted'],
    ['consistent_snapshot', false, 'accepted'],
    ['consistent_snapshot', undefined, 'accepted'],
    ['consistent_snapshot', null, 'trust.malformed'],
    ['consistent_snapshot', 'true', 'trust.malformed'],
    ['consistent_snapshot', 1, 'trust.malformed'],
  ])('with %s = %j: %s', (path, value, expected) => {
    expect(verdict('root', signedWith('root', path, value))).toBe(expected);
  });

  test('without consistent_snapshot has none', () => {
    const consistent = (value: unknown): unknown => {
      const { model } = read('root', signedWith('root', 'consistent_snapshot', value));
      return model.type === 'root' && model.consistentSnapshot;
    };
    expect([undefined, false, true].map(consistent)).toEqual([false, false, true]);
  });

  test('has each role with its own keys and threshold', () => {
    const own = new TufRepository(NOW, { name: 'own' });
    ROLES.forEach((role, i) =>
      own.rotate(
        role,
        Array.from({ length: i + 1 }, () => own.newKey()),
      ),
    );
    ROLES.forEach((role, i) => (own.authority(role).threshold = i + 1));
    const { model } = tufFormat.root('test', own.publish().at('root'), nodeCrypto);
    for (const [i, role] of ROLES.entries()) {
      expect(model[role].threshold).toBe(i + 1);
      expect(model[role].keys.map(({ keyId }) => keyId)).toEqual(own.authority(role).keys.map(({ keyId }) => keyId));
      expect(model[role].keys.every(({ material }) => material?.scheme === 'eddsa')).toBe(true);
    }
  });

  test('may list an id without a key: it never counts', () => {
    const { model } = read('root', signedWith('root', 'roles root keyids', ['gone']));
    expect(model.type === 'root' && model.root.keys).toEqual([{ keyId: 'gone' }]);
  });

  test('has at most 64 keys a role', () => {
    const ids = Array.from({ length: 65 }, (_, i) => `k${i}`);
    expect(verdict('root', signedWith('root', 'roles root keyids', ids.slice(1)))).toBe('accepted');
    expect(verdict('root', signedWith('root', 'roles root keyids', ids))).toBe('trust.too-large');
  });
});

const ENTRIES: readonly [Role, string][] = [
  ['timestamp', 'meta snapshot.json'],
  ['snapshot', 'meta targets.json'],
];

describe.each(ENTRIES)('an entry of %s', (role, path) => {
  test.each<[unknown, string]>([
    [{ version: 1 }, 'accepted'],
    [{ version: 1, length: 0 }, 'accepted'],
    [{ version: 1, hashes: { sha256: SHA256 } }, 'accepted'],
    [{ version: 1, hashes: { sha512: SHA512 } }, 'accepted'],
    [{ version: 1, hashes: { sha256: SHA256, md5: 'x' } }, 'accepted'],
    [{ version: 1, 'x-unknown': 1 }, 'accepted'],
    [{}, 'trust.malformed'],
    [null, 'trust.malformed'],
    [{ version: 0 }, 'trust.malformed'],
    [{ version: '1' }, 'trust.malformed'],
    [{ version: 1, Version: 2 }, 'trust.malformed'],
    [{ version: 1, length: -1 }, 'trust.malformed'],
    [{ version: 1, length: '1' }, 'trust.malformed'],
    [{ version: 1, length: null }, 'trust.malformed'],
    [{ version: 1, hashes: null }, 'trust.malformed'],
    [{ version: 1, hashes: [] }, 'trust.malformed'],
    [{ version: 1, hashes: {} }, 'trust.malformed'],
    [{ version: 1, hashes: { md5: 'x' } }, 'trust.malformed'],
    [{ version: 1, hashes: { SHA256 } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: SHA256.toUpperCase() } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: SHA512 } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: SHA256, sha512: SHA256 } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: `${SHA256.slice(1)}g` } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: `g${SHA256.slice(1)}` } }, 'trust.malformed'],
    [{ version: 1, hashes: { sha256: null } }, 'trust.malformed'],
  ])('%j: %s', (entry, expected) => {
    expect(verdict(role, signedWith(role, path, entry))).toBe(expected);
  });
});

describe('timestamp', () => {
  test.each<[string, unknown]>([
    ['meta', {}],
    ['meta', []],
    ['meta', undefined],
    ['meta', { snapshot: { version: 1 } }],
    ['meta targets.json', { version: 1 }],
  ])('with %s = %j lists something else than the snapshot', (path, value) => {
    expect(verdict('timestamp', signedWith('timestamp', path, value))).toBe('trust.malformed');
  });

  test('says all that it may of the snapshot', () => {
    const { model } = read('timestamp', text('timestamp'));
    expect(model).toMatchObject({ snapshot: { version: 1, length: repository.at('snapshot').length } });
    const entry = { version: 3, length: 4, hashes: { sha256: SHA256, sha512: SHA512, md5: 'x' } };
    expect(read('timestamp', signedWith('timestamp', 'meta snapshot.json', entry)).model).toMatchObject({
      snapshot: { version: 3, length: 4, hashes: { sha256: SHA256, sha512: SHA512 } },
    });
  });
});

describe('snapshot', () => {
  const meta = (value: Plain): string => signedWith('snapshot', 'meta', { 'targets.json': { version: 1 }, ...value });

  test('lists roles by name, odd ones too', () => {
    const names = ['?', '#', '/delegatedrole', '../delegatedrole', '__proto__x', 'constructor', '1.a', 'a.json', 'é'];
    const listed = Object.fromEntries(names.map((name, i) => [`${name}.json`, { version: i + 1 }]));
    const { model } = read('snapshot', meta(listed));
    expect(model.type === 'snapshot' && [...model.meta.keys()].sort()).toEqual([...names, 'targets'].sort());
    expect(model.type === 'snapshot' && model.meta.get('#')?.version).toBe(2);
  });

  test('without targets is none; what old repositories say of the root is dropped', () => {
    expect(verdict('snapshot', signedWith('snapshot', 'meta', {}))).toBe('trust.malformed');
    const { model } = read('snapshot', meta({ 'root.json': { version: 1 } }));
    expect(model.type === 'snapshot' && [...model.meta.keys()]).toEqual(['targets']);
  });

  test.each(['a', 'a.JSON', '.json', 'a.json ', 'a\n.json', `${'a'.repeat(256)}.json`, 'root.json'])(
    'with an entry %j that is no role, or says nothing',
    (name) => {
      expect(verdict('snapshot', meta({ [name]: name === 'root.json' ? null : { version: 1 } }))).toBe(
        'trust.malformed',
      );
    },
  );
});

describe('targets', () => {
  const target = (value: unknown): string => signedWith('targets', `targets ${NGINX}`, value);

  test('are read under the names they have', () => {
    const { model } = read('targets', text('targets'));
    expect(model.type === 'targets' && model.targets.get(NGINX)).toStrictEqual({ length: 1, sha256: SHA256 });
    const written = text('targets').replace('"targets":{', '"targets":{"__proto__":{"length":2,"hashes":{"x":"y"}},');
    const odd = read('targets', written).model;
    expect(odd.type === 'targets' && odd.targets.get('__proto__')).toStrictEqual({ length: 2 });
    expect(odd.type === 'targets' && odd.targets.get('constructor')).toBeUndefined();
  });

  test.each<[unknown, unknown]>([
    [
      { length: 0, hashes: { sha512: SHA512 } },
      { length: 0, sha512: SHA512 },
    ],
    [
      { length: 7, hashes: { sha256: SHA256, sha512: SHA512, blake2b: 1 } },
      { length: 7, sha256: SHA256, sha512: SHA512 },
    ],
    [{ length: 7, hashes: { blake2b: 'x' }, custom: { any: [null] } }, { length: 7 }],
  ])('a target %j', (entry, expected) => {
    const { model } = read('targets', target(entry));
    expect(model.type === 'targets' && model.targets.get(NGINX)).toStrictEqual(expected);
  });

  test.each<unknown>([
    null,
    [],
    {},
    { length: 1 },
    { hashes: { sha256: SHA256 } },
    { length: -1, hashes: { sha256: SHA256 } },
    { length: '1', hashes: { sha256: SHA256 } },
    { length: 1, hashes: {} },
    { length: 1, hashes: null },
    { length: 1, hashes: { sha256: SHA256.toUpperCase() } },
    { length: 1, hashes: { sha256: `sha256:${SHA256}` } },
    { length: 1, hashes: { sha256: SHA256, sha512: 'ab' } },
    { length: 1, hashes: { sha256: [SHA256] } },
    { length: 1, Length: 2, hashes: { sha256: SHA256 } },
  ])('a target %j spoils the file', (entry) => {
    expect(verdict('targets', target(entry))).toBe('trust.malformed');
  });

  test('are required, and may be empty', () => {
    expect(verdict('targets', signedWith('targets', 'targets', {}))).toBe('accepted');
    for (const value of [undefined, null, []])
      expect(verdict('targets', signedWith('targets', 'targets', value))).toBe('trust.malformed');
  });

  test('a delegated file is read in the same way, and says its name in messages', () => {
    const bytes = repository.at('docker.io/library/alpine');
    const { model } = tufFormat.targets('test', 'docker.io/library/alpine', bytes, nodeCrypto);
    expect(model).toMatchObject({ type: 'targets', delegations: [] });
    const bad = Buffer.from(Buffer.from(bytes).toString().replace('"targets":{}', '"targets":[]'));
    expect(() => tufFormat.targets('test', 'x/y', bad, nodeCrypto)).toThrow('x/y of test has no object targets');
  });
});

// Go decodes member names without regard to case, and the last one wins.
test.each<[Role, string]>([
  ...ROLES.flatMap((role) =>
    ['signed', 'signatures', 'signed _type', 'signed spec_version', 'signed version', 'signed expires'].map(
      (path): [Role, string] => [role, path],
    ),
  ),
  ...ROLES.flatMap((role) => ['signatures 0 keyid', 'signatures 0 sig'].map((path): [Role, string] => [role, path])),
  ['root', 'signed keys'],
  ['root', 'signed roles'],
  ['root', 'signed consistent_snapshot'],
  ['root', 'signed roles root keyids'],
  ['root', 'signed roles root threshold'],
  ['timestamp', 'signed meta'],
  ['timestamp', 'signed meta snapshot.json version'],
  ['timestamp', 'signed meta snapshot.json length'],
  ['timestamp', 'signed meta snapshot.json hashes'],
  ['snapshot', 'signed meta'],
  ['targets', 'signed targets'],
  ['targets', 'signed delegations'],
  ['targets', `signed targets ${NGINX} length`],
  ['targets', `signed targets ${NGINX} hashes`],
])('%s with a twin of %s that differs in case alone is refused', (role, path) => {
  const names = path.split(' ');
  const twin = [...names.slice(0, -1), (names.at(-1) ?? '').toUpperCase()];
  expect(verdict(role, withMember(role, twin, 1))).toBe('trust.malformed');
});

test.each<[Role, string, unknown, string]>([
  ['root', 'signed version', 0, 'root of test has no integer version of at least 1'],
  ['root', 'signed roles timestamp', 0, 'role timestamp in root of test is not a JSON object'],
  ['timestamp', 'signed version', 0, 'timestamp of test has no'],
  [
    'timestamp',
    'signed meta snapshot.json version',
    0,
    'the entry of "snapshot.json" in timestamp of test has no integer',
  ],
  ['snapshot', 'signed version', 0, 'snapshot of test has no'],
  ['snapshot', 'signed meta targets.json version', 0, 'the entry of "targets.json" in snapshot of test has no integer'],
  ['targets', 'signed version', 0, 'targets of test has no'],
  ['targets', `signed targets ${NGINX}`, 0, `the target "${NGINX}" in targets of test is not`],
  ['targets', `signed targets ${'x'.repeat(10_000)}`, 0, `the target "${'x'.repeat(80)}" in targets of test is not`],
  ['targets', 'signatures 0 keyid', 0, 'a signature of targets of test has no string keyid'],
])('%s with %s = %j: the message says where', (role, path, value, expected) => {
  expect(message(() => read(role, withMember(role, path.split(' '), value)))).toContain(expected);
});

test('is the format of that name', () => expect(tufFormat.kind).toBe('tuf'));

test('any value in any place gives a model or a coded error', () => {
  const nasty = fc.oneof(fc.constantFrom(null, [], {}, '', -1, 0, '1', true, [null], { a: null }), fc.jsonValue());
  fc.assert(
    fc.property(fc.constantFrom(...ROLES), fc.nat(), nasty, (role, seed, value) => {
      const document = JSON.parse(text(role)) as Plain;
      const places = placesOf(document);
      const [parent, name] = places[seed % places.length]!;
      parent[name] = value;
      expect(['accepted', 'trust.malformed', 'trust.too-large']).toContain(verdict(role, JSON.stringify(document)));
    }),
    { numRuns: 1_000 },
  );
});

/** Every member and element of a document. */
function placesOf(value: unknown): (readonly [Plain, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  const object = value as Plain;
  return Object.keys(object).flatMap((name) => [[object, name] as const, ...placesOf(object[name])]);
}

test('any bytes changed give a model or a coded error', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ROLES), fc.nat(), fc.uint8Array({ maxLength: 4 }), (role, at, bytes) => {
      const honest = Buffer.from(text(role));
      const cut = at % honest.length;
      const changed = Buffer.concat([honest.subarray(0, cut), bytes, honest.subarray(cut + bytes.length)]);
      expect(['accepted', 'trust.malformed', 'trust.too-large']).toContain(code(() => READ[role](changed)));
    }),
    { numRuns: 1_000 },
  );
});
