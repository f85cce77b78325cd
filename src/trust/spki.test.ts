import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DerError } from './der.ts';
import { readSpki } from './spki.ts';

const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

/** What OpenSSL reads, in our words. */
function byOpenSsl(spki: Uint8Array): string | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const { n, e, x, y } = key.export({ format: 'jwk' });
    return n === undefined ? `${coordinate(x)}${coordinate(y)}` : `rsa:${n}:${e ?? ''}`;
  } catch {
    return undefined;
  }
}

function coordinate(text: string | undefined): string {
  return Buffer.from(text ?? '', 'base64url').toString('hex');
}

test.each([
  ['prime256v1', 256],
  ['secp384r1', 384],
  ['secp521r1', 521],
])('a key on %s', (curve, bits) => {
  const spki = derOf(ec(curve));
  const identity = `${curve}:0004${byOpenSsl(spki) ?? ''}`;
  expect(readSpki(spki)).toEqual({ algorithm: 'ecdsa', bits, identity });
});

test('a key on secp224r1, which JWK does not have', () => {
  const spki = derOf(ec('secp224r1'));
  const identity = `secp224r1:${spki.subarray(-58).toString('hex')}`;
  expect(readSpki(spki)).toEqual({ algorithm: 'ecdsa', bits: 224, identity });
});

test.each([1_024, 1_536, 2_047, 2_048])('an RSA key of %i bits', (modulusLength) => {
  const spki = derOf(generateKeyPairSync('rsa', { modulusLength }).publicKey);
  expect(readSpki(spki)).toEqual({ algorithm: 'rsa', bits: modulusLength, identity: byOpenSsl(spki) });
});

describe('no key of ours is', () => {
  test.each<[string, KeyObject]>([
    ['on another curve', ec('secp256k1')],
    ['Edwards', generateKeyPairSync('ed25519').publicKey],
    ['X25519', generateKeyPairSync('x25519').publicKey],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
    ['DSA', generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey],
  ])('%s', (_, key) => {
    expect(readSpki(derOf(key))).toBeUndefined();
  });

  const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey;
  test('one whose curve is spelled out instead of named', () => {
    expect(readSpki(derOf(explicit))).toBeUndefined();
  });
});

test('RSA has no, or null, parameters, and is the same key', () => {
  const spki = derOf(rsa);
  const at = spki.indexOf(Buffer.from('0500', 'hex'));
  const without = Buffer.concat([spki.subarray(0, at), spki.subarray(at + 2)]);
  without.writeUInt16BE(spki.readUInt16BE(2) - 2, 2);
  without[5] = (spki[5] ?? 0) - 2;
  expect(readSpki(without)).toEqual(readSpki(spki));
  const other = Buffer.from(spki);
  other[at] = 0x04;
  expect(readSpki(other)).toBeUndefined();
});

test('a key has one encoding: numbers in their shortest form, nothing behind, no unused bits', () => {
  const point = derOf(ec('P-256'));
  const unused = Buffer.from(point);
  unused[25] = 1;
  expect(readSpki(unused)).toBeUndefined();
  expect(() => readSpki(Buffer.concat([point, Buffer.alloc(1)]))).toThrow(DerError);
  const negative = derOf(rsa);
  negative[negative.indexOf(Buffer.from('0282010100', 'hex')) + 4] = 0x80;
  expect(readSpki(negative)).toBeUndefined();
  expect(readSpki(rsaOf('00010001', '03'))).toBeUndefined();
  expect(readSpki(rsaOf('010001', '0003'))).toBeUndefined();
  expect(readSpki(rsaOf('010001', ''))).toBeUndefined();
  expect(readSpki(rsaOf('', '03'))).toBeUndefined();
  expect(readSpki(rsaOf('010001', '03'))).toMatchObject({ bits: 17 });
  expect(readSpki(rsaOf('010001', '03', '020103'))).toBeUndefined();
  expect(readSpki(rsaOf('0080', '03'))).toMatchObject({ bits: 8 });
  expect(readSpki(rsaOf('007f', '03'))).toBeUndefined();
});

test.each([
  ['01', false],
  ['02', false],
  ['03', true],
  ['010001', true],
  ['7fffffff', true],
  ['0080000000', false],
  ['01'.repeat(20), false],
])('the exponent %s: %s', (e, usable) => {
  expect(readSpki(rsaOf('010001', e)) !== undefined).toBe(usable);
});

const P256 = '06082a8648ce3d030107';
const EC = '06072a8648ce3d0201';

test.each([
  ['as it should be', EC + P256, `0004${'01'.repeat(64)}`, '', true],
  ['with no curve', EC, `0004${'01'.repeat(64)}`, '', false],
  ['with a null curve', `${EC}0500`, `0004${'01'.repeat(64)}`, '', false],
  ['with a second parameter', `${EC}${P256}0500`, `0004${'01'.repeat(64)}`, '', false],
  ['with something behind the key', EC + P256, `0004${'01'.repeat(64)}`, '0500', false],
  ['with something behind both', `${EC}${P256}0500`, `0004${'01'.repeat(64)}`, '0500', false],
  ['compressed', EC + P256, `0002${'01'.repeat(32)}`, '', false],
  ['hybrid', EC + P256, `0006${'01'.repeat(64)}`, '', false],
  ['too short', EC + P256, `0004${'01'.repeat(63)}`, '', false],
  ['too long', EC + P256, `0004${'01'.repeat(65)}`, '', false],
])('a point %s', (_, algorithm, point, more, usable) => {
  const spki = der('30', der('30', algorithm) + der('03', point) + more);
  expect(readSpki(Buffer.from(spki, 'hex')) !== undefined).toBe(usable);
});

function der(tag: string, hex: string): string {
  return tag + (hex.length / 2).toString(16).padStart(2, '0') + hex;
}

function rsaOf(n: string, e: string, more = ''): Buffer {
  const key = der('30', der('02', n) + der('02', e) + more);
  return Buffer.from(der('30', '300d06092a864886f70d0101010500' + der('03', `00${key}`)), 'hex');
}

test('where both we and OpenSSL read a key, it is the same one; no bytes do worse than a DerError', () => {
  const keys = [derOf(ec('P-256')), derOf(ec('P-384')), derOf(rsa)];
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.nat(), fc.uint8Array({ maxLength: 3 }), (key, at, put) => {
      const start = at % key.length;
      const spki = Buffer.concat([key.subarray(0, start), put, key.subarray(start + put.length)]);
      const [ours, theirs] = [quietly(spki), byOpenSsl(spki)];
      if (ours !== undefined && theirs !== undefined) expect(ours.replace(/^.*:0004/, '')).toBe(theirs);
    }),
    { numRuns: 500 },
  );
});

function quietly(spki: Uint8Array): string | undefined {
  try {
    return readSpki(spki)?.identity;
  } catch (error) {
    expect(error).toBeInstanceOf(DerError);
    return undefined;
  }
}
