import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import { type Json, readJson } from '../../../json/read.ts';
import { dressed, type TufKey, tufKey, type TufKeyKind, TUF_KEY_KINDS, under } from '../../../simulator/tuf-key.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { KeyMaterial } from '../model.ts';
import { verifies } from '../signature.ts';
import { decodeHex } from './hex.ts';
import { readTufKey } from './tuf-key.ts';

const MESSAGE = Buffer.from('message');
const keys = new Map(TUF_KEY_KINDS.map((kind) => [kind, tufKey(kind, 'format')]));
const keyOf = (kind: TufKeyKind): TufKey => keys.get(kind)!;

const tree = (value: unknown): Json =>
  readJson(Buffer.from(JSON.stringify(value)), { depth: 9, values: 1_000, integersOnly: true });
const material = (entry: unknown): KeyMaterial | undefined =>
  readTufKey('test', 'id', tree(entry), nodeCrypto).material;

const entryOf = (keytype: unknown, scheme: unknown, text: unknown) => ({ keytype, scheme, keyval: { public: text } });
const publicOf = (kind: TufKeyKind): string => (keyOf(kind).entry['keyval'] as { public: string }).public;
const pemOf = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));

const good = TUF_KEY_KINDS.filter((kind) => kind !== 'rsa-1024');

describe.each(good)('a key of the kind %s', (kind) => {
  const key = keyOf(kind);

  test('verifies what it signed, and nothing else', () => {
    const read = material(key.entry)!;
    const check = (message: Uint8Array, bytes: Uint8Array): boolean =>
      verifies(nodeCrypto, read, { keyId: key.keyId, method: '', bytes }, message);
    const signature = key.sign(MESSAGE);
    expect(check(MESSAGE, signature)).toBe(true);
    expect(check(Buffer.from('other'), signature)).toBe(false);
    expect(check(MESSAGE, new Uint8Array())).toBe(false);
    expect(check(MESSAGE, signature.subarray(1))).toBe(false);
    expect(check(MESSAGE, signature.subarray(0, -1))).toBe(false);
    expect(check(MESSAGE, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false);
  });

  test('verifies no signature of another key, whatever kind that is', () => {
    const read = material(key.entry)!;
    for (const other of good.filter((each) => each !== 'rsa-4096')) {
      const bytes = tufKey(other, 'somebody else').sign(MESSAGE);
      expect(verifies(nodeCrypto, read, { keyId: '', method: '', bytes }, MESSAGE)).toBe(false);
    }
  });

  test('is what it is, whatever a signature says of its method', () => {
    const read = material(key.entry)!;
    const bytes = key.sign(MESSAGE);
    for (const method of ['', 'eddsa', 'ecdsa', 'rsapss', 'rsapkcs1v15', 'none'])
      expect(verifies(nodeCrypto, read, { keyId: '', method, bytes }, MESSAGE)).toBe(true);
  });
});

const KEYTYPES = ['ed25519', 'rsa', 'ecdsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-x509', 'RSA', ''];
const SCHEMES = [
  ...['ed25519', 'ed448', 'eddsa', 'rsassa-pss-sha256', 'rsassa-pss-sha384', 'rsassa-pss-sha512', 'rsassa-pss-sha1'],
  ...['rsa-pkcs1v15-sha256', 'rsassa-pss-md5', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', ''],
  ...['constructor', '__proto__'],
];
const TABLE: ReadonlyMap<string, string> = new Map([
  ['ed25519', 'ed25519: ed25519'],
  ['rsa', 'rsa: rsassa-pss-sha256 rsassa-pss-sha384 rsassa-pss-sha512'],
  ['p256', 'ecdsa: ecdsa-sha2-nistp256, ecdsa-sha2-nistp256: ecdsa-sha2-nistp256'],
  ['p384', 'ecdsa: ecdsa-sha2-nistp384, ecdsa-sha2-nistp384: ecdsa-sha2-nistp384'],
]);

test.each(['ed25519', 'rsa', 'p256', 'p384'] as const)('%s is a key under its own types and schemes alone', (kind) => {
  const rows = KEYTYPES.map((keytype) => {
    const taken = SCHEMES.filter((scheme) => material(entryOf(keytype, scheme, publicOf(kind))) !== undefined);
    return taken.length === 0 ? '' : `${keytype}: ${taken.join(' ')}`;
  });
  expect(rows.filter((row) => row !== '').join(', ')).toBe(TABLE.get(kind));
});

test('a key says the one scheme of its signatures', () => {
  expect(good.map((kind) => material(keyOf(kind).entry)?.scheme)).toEqual(
    good.map((kind) => (kind === 'ed25519' ? 'eddsa' : keyOf(kind).entry['scheme'])),
  );
});

describe('the same key', () => {
  test('is one key under any id, in PEM or hex, and whatever else its entry says', () => {
    const p256 = tufKey('p256', 'one');
    const faces = [
      p256,
      tufKey('p256-typed', 'one'),
      tufKey('p256-hex', 'one'),
      under('f'.repeat(64), p256),
      dressed(p256, { 'x-tuf-on-ci-keyowner': '@somebody', keyid_hash_algorithms: ['sha256', 'md5'] }),
    ];
    expect(new Set(faces.map(({ entry }) => material(entry)?.identity)).size).toBe(1);
    expect(material(tufKey('p256', 'two').entry)?.identity).not.toBe(material(p256.entry)?.identity);
  });

  test('is one key with and without line breaks, and with hex in either case', () => {
    const pem = publicOf('p256');
    const body = pem.replace(/-----.*-----|\n/g, '');
    const [begin, end] = ['-----BEGIN PUBLIC KEY-----', '-----END PUBLIC KEY-----'];
    const written = [
      pem,
      pem.trimEnd(),
      `${pem}\n`,
      pem.replaceAll('\n', '\r\n'),
      `${begin}\n${body}\n${end}`,
      `${begin}\n${body.replace(/.{10}/g, '$&\n')}\n${end}`,
    ];
    const identities = written.map((text) => material(entryOf('ecdsa', 'ecdsa-sha2-nistp256', text))?.identity);
    expect(new Set(identities)).toEqual(new Set([material(keyOf('p256').entry)?.identity]));
    const hex = publicOf('ed25519');
    expect(material(entryOf('ed25519', 'ed25519', hex.toUpperCase()))).toEqual(material(keyOf('ed25519').entry));
  });

  test('keeps the id it is listed under, right or wrong', () => {
    for (const id of [keyOf('p256').keyId, 'wrong', ''])
      expect(readTufKey('test', id, tree(keyOf('p256').entry), nodeCrypto).keyId).toBe(id);
  });
});

describe('no key is', () => {
  const ed = publicOf('ed25519');
  const point = publicOf('p256-hex');
  const pem = publicOf('p256');

  test.each<[string, unknown]>([
    ['an Ed25519 key of 31 bytes', ed.slice(2)],
    ['one of 33 bytes', `${ed}00`],
    ['one in base64', Buffer.from(ed, 'hex').toString('base64')],
    ['one with a space before it', ` ${ed}`],
    ['one in PEM', pemOf(generateKeyPairSync('ed25519').publicKey)],
    ['one of small order', `01${'00'.repeat(31)}`],
    ['one that is no point', `02${'00'.repeat(31)}`],
    ['nothing', ''],
    ['null', null],
    ['a list', [ed]],
    ['an absent one', undefined],
  ])('%s', (_, text) => {
    expect(material(entryOf('ed25519', 'ed25519', text))).toBeUndefined();
  });

  const compressed = `${/[13579bdf]$/.test(point) ? '03' : '02'}${point.slice(2, 66)}`;
  test.each<[string, string]>([
    ['a compressed point', compressed],
    ['a hybrid point', `06${point.slice(2)}`],
    ['a short point', point.slice(0, -2)],
    ['a long point', `${point}00`],
    ['the point at infinity', '00'],
    ['a point of P-384', hexPoint('P-384')],
    ['nothing', ''],
    ['half a PEM', pem.slice(0, 60)],
    ['a PEM under another name', pem.replaceAll('PUBLIC KEY', 'EC PUBLIC KEY')],
    ['a PEM with text before it', `x${pem}`],
    ['a PEM with a line break before it', `\n${pem}`],
    ['a PEM with text after it', `${pem}x`],
    ['two PEMs', pem + pem],
    ['a PEM with headers', pem.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['a PEM without its line break', pem.replace('\n', '')],
    ['a PEM with a space in it', pem.replace('\n', '\n ')],
    ['a PEM of base64url', pem.replaceAll('+', '-').replaceAll('/', '_').replace('M', '-')],
    ['a PEM of other DER', pem.replace('MFkw', 'MFgw')],
    ['a PEM with bytes after the key', withTail(pem)],
    ['a private key', privatePem()],
  ])('for P-256 %s', (_, text) => {
    expect(material(entryOf('ecdsa', 'ecdsa-sha2-nistp256', text))).toBeUndefined();
  });

  test('a PEM of more than 4,096 characters, though all beyond the key are line breaks', () => {
    const long = (size: number): unknown => material(entryOf('ecdsa', 'ecdsa-sha2-nistp256', pem.padEnd(size, '\n')));
    expect(long(4_096)).toEqual(material(keyOf('p256').entry));
    expect(long(4_097)).toBeUndefined();
  });

  test('a point that is not on the curve verifies nothing, though nobody looks before', () => {
    const off = entryOf('ecdsa', 'ecdsa-sha2-nistp256', `${point.slice(0, -2)}${point.endsWith('00') ? '01' : '00'}`);
    const bytes = keyOf('p256-hex').sign(MESSAGE);
    expect(verifies(nodeCrypto, material(off)!, { keyId: '', method: '', bytes }, MESSAGE)).toBe(false);
  });

  test('RSA of 1,024 bits, in PKCS#1, or kept for PSS alone', () => {
    const rsa = createPublicKey(publicOf('rsa'));
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey;
    const texts = [publicOf('rsa-1024'), String(rsa.export({ type: 'pkcs1', format: 'pem' })), pemOf(pss)];
    for (const text of texts) expect(material(entryOf('rsa', 'rsassa-pss-sha256', text))).toBeUndefined();
  });

  test('another curve of 256 bits', () => {
    const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
    expect(material(entryOf('ecdsa', 'ecdsa-sha2-nistp256', pemOf(koblitz)))).toBeUndefined();
  });
});

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['no key type', { scheme: 'ed25519', keyval: { public: '' } }],
  ['a key type that is no string', entryOf(1, 'ed25519', '')],
  ['no scheme', { keytype: 'ed25519', keyval: { public: '' } }],
  ['a scheme that is no string', entryOf('ed25519', null, '')],
  ['no keyval', { keytype: 'ed25519', scheme: 'ed25519' }],
  ['a keyval that is no object', { keytype: 'ed25519', scheme: 'ed25519', keyval: '' }],
  ['two spellings of keytype', { ...entryOf('ed25519', 'ed25519', ''), Keytype: 'rsa' }],
  ['two spellings of scheme', { ...entryOf('ed25519', 'ed25519', ''), Scheme: 'rsa' }],
  ['two spellings of keyval', { ...entryOf('ed25519', 'ed25519', ''), Keyval: { public: '' } }],
  ['two spellings of public', { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: '', Public: '' } }],
])('%s where a key should be spoils the file', (_, entry) => {
  expect(code(() => material(entry))).toBe('trust.malformed');
  expect(message(() => material(entry))).toMatch(/^a key in test /);
});

test('a kind of key that is not known yet spoils nothing', () => {
  const entry = { keytype: 'sigstore-oidc', scheme: 'Fulcio', keyval: { identity: 'a@example.com', issuer: 'x' } };
  expect(readTufKey('test', 'id', tree(entry), nodeCrypto)).toStrictEqual({ keyId: 'id' });
});

test('any text as a public key gives a key or none, never an exception', () => {
  const spoilt = fc
    .tuple(fc.constantFrom(...good.map(publicOf)), fc.nat(), fc.string({ maxLength: 3 }))
    .map(([text, at, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + put.length));
  const texts = fc.oneof(fc.string(), spoilt);
  fc.assert(
    fc.property(fc.constantFrom(...KEYTYPES), fc.constantFrom(...SCHEMES), texts, (keytype, scheme, text) => {
      expect(() => material(entryOf(keytype, scheme, text))).not.toThrow();
    }),
    { numRuns: 1_000 },
  );
});

test('hex is decoded as Buffer does, and only when all of it is hex', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeHex(Buffer.from(bytes).toString('hex'))).toEqual(bytes);
    }),
  );
  for (const bad of ['a', 'abc', 'ag', '0xab', ' ab', 'ab ', 'ab\n', 'ａｂ', 'ab'.repeat(2_049)])
    expect(decodeHex(bad)).toBeUndefined();
});

function hexPoint(curve: string): string {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ format: 'jwk' });
  return `04${Buffer.from(x, 'base64url').toString('hex')}${Buffer.from(y, 'base64url').toString('hex')}`;
}

function withTail(pem: string): string {
  const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64');
  const longer = Buffer.concat([der, Buffer.alloc(1)]).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${longer}\n-----END PUBLIC KEY-----\n`;
}

function privatePem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return pem.replaceAll('PRIVATE', 'PUBLIC');
}
