import { constants, createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, readJson } from '../json/read.ts';
import { issueCertificate, newKeyPair } from '../simulator/notary-certificate.ts';
import { plainKey } from '../simulator/notary-key.ts';
import { nodeCrypto } from './crypto.ts';
import { keyIdOf, readKey } from './tuf/format/notary-key.ts';
import { verifies } from './tuf/signature.ts';

const MESSAGE = Buffer.from('message');
const NOW = Date.UTC(2026, 10, 21);
const rsa = newKeyPair('rsa');

const spkiOf = (key: KeyObject): Uint8Array => key.export({ type: 'spki', format: 'der' });

describe('ECDSA', () => {
  test.each(['secp224r1', 'P-256', 'P-384', 'P-521'])('verifies r‖s of exact length over SHA-256 on %s', (curve) => {
    const { publicKey, privateKey } = newKeyPair('ecdsa', curve);
    const good = sign('sha256', MESSAGE, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const spki = spkiOf(publicKey);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, good)).toBe(true);
    expect(nodeCrypto.verify(spki, 'ecdsa', Buffer.from('other'), good)).toBe(false);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, sign('sha256', MESSAGE, privateKey))).toBe(false);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, good.subarray(1))).toBe(false);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, Buffer.concat([good, Buffer.alloc(2)]))).toBe(false);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, Buffer.alloc(good.length))).toBe(false);
    const sha384 = sign('sha384', MESSAGE, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, sha384)).toBe(false);
  });

  test('knows no secp256k1', () => {
    expect(nodeCrypto.readKey(spkiOf(newKeyPair('ecdsa', 'secp256k1').publicKey))).toBeUndefined();
  });

  test('one key has one encoding: neither compressed points nor trailing bytes', () => {
    const spki = Buffer.from(spkiOf(newKeyPair().publicKey));
    expect(nodeCrypto.readKey(spki)).toMatchObject({ algorithm: 'ecdsa', bits: 256 });
    expect(nodeCrypto.readKey(Buffer.concat([spki, Buffer.alloc(1)]))).toBeUndefined();
    const compressed = Buffer.concat([
      spki.subarray(0, 26),
      Buffer.from([2 + ((spki.at(-1) ?? 0) & 1)]),
      spki.subarray(27, 59),
    ]);
    const hybrid = Buffer.from(spki);
    hybrid[26] = 6 + ((spki.at(-1) ?? 0) & 1);
    expect(nodeCrypto.readKey(hybrid)).toBeUndefined();
    compressed[1] = 57;
    compressed[24] = 34;
    expect(nodeCrypto.readKey(compressed)).toBeUndefined();
  });
});

describe('RSA', () => {
  const spki = spkiOf(rsa.publicKey);
  const pss = (saltLength: number, hash = 'sha256'): Buffer =>
    sign(hash, MESSAGE, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

  test.each([
    [32, true],
    [20, false],
    [0, false],
    [constants.RSA_PSS_SALTLEN_MAX_SIGN, false],
  ])('PSS with salt %i', (salt, expected) => {
    expect(nodeCrypto.verify(spki, 'rsapss', MESSAGE, pss(salt))).toBe(expected);
  });

  test('PKCS#1 v1.5 is accepted, as Notary does, but only as itself', () => {
    const signature = sign('sha256', MESSAGE, rsa.privateKey);
    expect(nodeCrypto.verify(spki, 'rsapkcs1v15', MESSAGE, signature)).toBe(true);
    expect(nodeCrypto.verify(spki, 'rsapss', MESSAGE, signature)).toBe(false);
    expect(nodeCrypto.verify(spki, 'rsapkcs1v15', MESSAGE, pss(32))).toBe(false);
    expect(nodeCrypto.verify(spki, 'rsapss', MESSAGE, pss(32, 'sha384'))).toBe(false);
    expect(nodeCrypto.verify(spki, 'ecdsa', MESSAGE, pss(32))).toBe(false);
  });

  test('trailing bytes make no second key of one', () => {
    expect(nodeCrypto.readKey(Buffer.concat([spki, Buffer.alloc(1)]))).toBeUndefined();
  });

  test('keys have 2048 to 8192 bits', () => {
    const weak = plainKey('rsa', newKeyPair('rsa', 1024));
    expect(readKey('test', weak.keyId, tree(weak.entry), nodeCrypto).material).toBeUndefined();
    const good = plainKey('rsa', rsa);
    expect(readKey('test', good.keyId, tree(good.entry), nodeCrypto).material).toBeDefined();
  });
});

const MAX_SALT = constants.RSA_PSS_SALTLEN_MAX_SIGN;
const METHODS = [
  ...(['eddsa', 'ecdsa', 'rsapss', 'rsapkcs1v15', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384'] as const),
  ...(['rsassa-pss-sha256', 'rsassa-pss-sha384', 'rsassa-pss-sha512'] as const),
];

describe('the methods of TUF 1.0', () => {
  const p256 = newKeyPair('ecdsa', 'P-256');
  const p384 = newKeyPair('ecdsa', 'P-384');
  const pss = (hash: string, saltLength: number, padding = constants.RSA_PKCS1_PSS_PADDING): Buffer =>
    sign(hash, MESSAGE, { key: rsa.privateKey, padding, saltLength });
  const taken = (key: KeyObject, signature: Uint8Array): string =>
    METHODS.filter((method) => nodeCrypto.verify(spkiOf(key), method, MESSAGE, signature)).join(' ');

  test.each<[string, KeyObject, Uint8Array, string]>([
    ['P-256, SHA-256', p256.publicKey, sign('sha256', MESSAGE, p256.privateKey), 'ecdsa-sha2-nistp256'],
    ['P-256, SHA-384', p256.publicKey, sign('sha384', MESSAGE, p256.privateKey), ''],
    ['P-384, SHA-384', p384.publicKey, sign('sha384', MESSAGE, p384.privateKey), 'ecdsa-sha2-nistp384'],
    ['P-384, SHA-256', p384.publicKey, sign('sha256', MESSAGE, p384.privateKey), ''],
    ['PSS, SHA-256, Notary’s salt', rsa.publicKey, pss('sha256', 32), 'rsapss rsassa-pss-sha256'],
    ['PSS, SHA-256, no salt', rsa.publicKey, pss('sha256', 0), 'rsassa-pss-sha256'],
    ['PSS, SHA-256, longest salt', rsa.publicKey, pss('sha256', MAX_SALT), 'rsassa-pss-sha256'],
    ['PSS, SHA-384', rsa.publicKey, pss('sha384', 48), 'rsassa-pss-sha384'],
    ['PSS, SHA-384, longest salt', rsa.publicKey, pss('sha384', MAX_SALT), 'rsassa-pss-sha384'],
    ['PSS, SHA-512', rsa.publicKey, pss('sha512', 64), 'rsassa-pss-sha512'],
    ['PSS, SHA-512, short salt', rsa.publicKey, pss('sha512', 20), 'rsassa-pss-sha512'],
    ['PSS, SHA-1', rsa.publicKey, pss('sha1', 20), ''],
    ['PKCS#1 v1.5', rsa.publicKey, sign('sha256', MESSAGE, rsa.privateKey), 'rsapkcs1v15'],
    ['another RSA key’s', newKeyPair('rsa').publicKey, pss('sha256', 32), ''],
    ['another P-256 key’s', newKeyPair().publicKey, sign('sha256', MESSAGE, p256.privateKey), ''],
  ])('%s verifies by its own method alone', (_, key, signature, methods) => {
    expect(taken(key, signature)).toBe(methods);
  });

  test('neither r‖s nor any other encoding of the same numbers is a signature', () => {
    const der = sign('sha256', MESSAGE, p256.privateKey);
    const raw = sign('sha256', MESSAGE, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });
    const long = Buffer.concat([der.subarray(0, 1), Buffer.from([0x81]), der.subarray(1)]);
    const [r = 0] = [der[3]];
    const padded = Buffer.concat([Buffer.from([0x30, (der[1] ?? 0) + 1, 2, r + 1, 0]), der.subarray(4)]);
    for (const bytes of [long, padded, Buffer.concat([der, Buffer.alloc(1)]), der.subarray(0, -1), Buffer.alloc(0)])
      expect(taken(p256.publicKey, bytes)).toBe('');
    expect(taken(p256.publicKey, raw)).toBe('ecdsa');
  });

  test('Ed25519 is not verified here', () => {
    const { publicKey, privateKey } = newKeyPair('ed25519');
    expect(taken(publicKey, sign(null, MESSAGE, privateKey))).toBe('');
  });
});

test.each([
  ['AQ', false],
  ['Ag', false],
  ['Aw', true],
  ['AQAB', true],
  ['f____w', true],
  ['gAAAAQ', false],
])('an RSA key with the exponent %s: %s', (e, usable) => {
  const { n = '' } = rsa.publicKey.export({ format: 'jwk' });
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  expect(nodeCrypto.readKey(spkiOf(key)) !== undefined).toBe(usable);
});

function tree(entry: { keytype: string; keyval: { public: string } }): Json {
  return readJson(Buffer.from(JSON.stringify(entry)), { depth: 3, values: 10, integersOnly: true });
}

test('a key of another type than it is listed as is no key', () => {
  for (const [type, pair] of [
    ['ecdsa', rsa],
    ['rsa', newKeyPair()],
    ['ecdsa', newKeyPair('ed25519')],
  ] as const) {
    const text = Buffer.from(spkiOf(pair.publicKey)).toString('base64');
    const id = keyIdOf(type, text);
    expect(readKey('test', id, tree({ keytype: type, keyval: { public: text } }), nodeCrypto)).toEqual({ keyId: id });
  }
});

describe('Ed25519', () => {
  const key = plainKey('ed25519');
  const material = readKey('test', key.keyId, tree(key.entry), nodeCrypto).material!;
  const verify = (method: string, bytes: Uint8Array, message: Uint8Array = MESSAGE): boolean =>
    verifies(nodeCrypto, material, { keyId: key.keyId, method, bytes }, message);

  test('verifies with its own method only', () => {
    const good = key.sign(MESSAGE);
    expect(verify('eddsa', good)).toBe(true);
    for (const method of ['ecdsa', 'rsapss', 'ed25519', '', 'EdDSA']) expect(verify(method, good)).toBe(false);
    expect(verify('eddsa', good, Buffer.from('other'))).toBe(false);
    expect(verify('eddsa', good.subarray(1))).toBe(false);
    expect(verify('eddsa', new Uint8Array())).toBe(false);
  });

  test('a signature whose s is not reduced is refused', () => {
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const forged = Buffer.from(key.sign(MESSAGE));
    const s = BigInt(`0x${Buffer.from(forged.subarray(32)).reverse().toString('hex')}`) + order;
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(forged, 32);
    expect(verify('eddsa', forged)).toBe(false);
  });

  test('a signature that only the laxer ZIP 215 rules take is refused', () => {
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const little = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
    const seed = Buffer.from(key.pair.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
    scalar[0] = (scalar[0] ?? 0) & 248;
    scalar[31] = ((scalar[31] ?? 0) & 127) | 64;
    // R is the neutral point, y = 1, written as p + 1.
    const r = Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex');
    const k = little(createHash('sha512').update(r).update(material.bytes).update(MESSAGE).digest());
    const s = Buffer.from(((k * little(scalar)) % order).toString(16).padStart(64, '0'), 'hex').reverse();
    const forged = Buffer.concat([r, s]);
    expect(ed25519.verify(forged, MESSAGE, material.bytes, { zip215: true })).toBe(true);
    expect(verify('eddsa', forged)).toBe(false);
  });

  test.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ])('the small-order key %s is no key', (hex) => {
    const bytes = Buffer.from(hex, 'hex').toString('base64');
    const small = { keytype: 'ed25519', keyval: { public: bytes } };
    const id = keyIdOf('ed25519', bytes);
    expect(readKey('test', id, tree(small), nodeCrypto)).toEqual({ keyId: id });
  });

  test('a key of another length is no key', () => {
    const bytes = Buffer.alloc(31, 9).toString('base64');
    const id = keyIdOf('ed25519', bytes);
    expect(readKey('test', id, tree({ keytype: 'ed25519', keyval: { public: bytes } }), nodeCrypto)).toEqual({
      keyId: id,
    });
  });
});

describe('certificates', () => {
  const options = { commonNames: ['a', 'b'], notBefore: NOW, notAfter: NOW + 1_000 };
  const read = (pem: string) => nodeCrypto.readCertificates(pem, 8);

  test('are read with what node:crypto does not show', () => {
    const ca = issueCertificate({ ...options, commonNames: ['ca'], ca: true, pathLength: 3 });
    const leaf = issueCertificate({ ...options, issuer: ca, hash: 'sha1', unknownCritical: true });
    const [first, second] = read(leaf.pem + ca.pem) ?? [];
    expect(first).toMatchObject({ commonNames: ['a', 'b'], notBefore: NOW, notAfter: NOW + 1_000, isCa: false });
    expect(first).toMatchObject({ weakSignature: true, unknownCritical: true, mayCertify: false });
    expect(second).toMatchObject({ isCa: true, pathLength: 3, mayCertify: true, weakSignature: false });
    expect(second?.extendedKeyUsages).toBeUndefined();
    expect(first?.issuedBy(second!)).toBe(true);
    expect(second?.issuedBy(first!)).toBe(false);
  });

  test('every signature counts: a certificate with one flipped bit was issued by nobody', () => {
    const ca = issueCertificate({ ...options, commonNames: ['ca'], ca: true });
    const [parent] = read(ca.pem) ?? [];
    const der = Buffer.from(issueCertificate({ ...options, issuer: ca }).pem.replace(/-----.*-----|\n/g, ''), 'base64');
    der[der.length - 3] = (der[der.length - 3] ?? 0) ^ 1;
    const [child] = read(`-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`) ?? [];
    expect(child?.issuedBy(parent!) ?? false).toBe(false);
  });

  test('anything else in the bundle, or nothing, is none', () => {
    const { pem, keys } = issueCertificate(options);
    const secret = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    for (const bad of [
      '',
      ' \n',
      `x${pem}`,
      `${pem}x`,
      pem + secret,
      pem.replace('MII', 'MI'),
      pem.replaceAll('CERTIFICATE', 'X'),
      pem.slice(0, -10),
    ])
      expect(read(bad)).toBeUndefined();
    expect(read(`\n${pem}\r\n${pem}\n`)).toHaveLength(2);
  });

  test('any bytes give an answer, never an exception', () => {
    const { pem } = issueCertificate(options);
    const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64');
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(der);
        changed[at] = byte;
        const text = `-----BEGIN CERTIFICATE-----\n${changed.toString('base64')}\n-----END CERTIFICATE-----\n`;
        expect(() => read(text)).not.toThrow();
        expect(() => nodeCrypto.readKey(changed)).not.toThrow();
        expect(nodeCrypto.verify(changed, 'ecdsa', MESSAGE, Buffer.alloc(64))).toBe(false);
      }),
    );
  });
});
