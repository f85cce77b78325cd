import { constants, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { issueCertificate, newKeyPair } from '../simulator/notary-certificate.ts';
import { readCertificate } from './certificate.ts';
import { nodeCrypto } from './crypto.ts';

vi.mock(import('./certificate.ts'), { spy: true });

const MESSAGE = Buffer.from('message');
const spkiOf = (key: KeyObject): Buffer => Buffer.from(key.export({ type: 'spki', format: 'der' }));

describe('a signature', () => {
  const { publicKey, privateKey } = newKeyPair('rsa');
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const good = sign('sha256', MESSAGE, { key: privateKey, padding, saltLength: 32 });
  const verified = (signature: Uint8Array): boolean =>
    nodeCrypto.verify(spkiOf(publicKey), 'rsapss', MESSAGE, signature);

  test('of RSA is as long as its modulus', () => {
    expect(verified(good)).toBe(true);
    for (const bad of [good.subarray(1), Buffer.concat([good, Buffer.alloc(1)]), new Uint8Array()])
      expect(verified(bad)).toBe(false);
  });

  test('by a key that nobody here knows is none', () => {
    const edwards = newKeyPair('ed25519');
    const signature = sign(null, MESSAGE, edwards.privateKey);
    for (const method of ['ecdsa', 'rsapss', 'rsapkcs1v15'] as const)
      expect(nodeCrypto.verify(spkiOf(edwards.publicKey), method, MESSAGE, signature)).toBe(false);
  });
});

describe('a bundle of certificates', () => {
  const read = (pem: string, most = 8) => nodeCrypto.readCertificates(pem, most);
  const padded = bundleWithPadding();

  test('needs no line break at its end, and may have blank lines before, between and after', () => {
    expect(read(padded.trimEnd())).toHaveLength(1);
    expect(read(`${padded.trimEnd()}x`)).toBeUndefined();
    expect(read(`\n \n${padded}\n \n${padded}\n \n`)).toHaveLength(2);
    expect(read('x'.repeat(padded.length) + padded)).toBeUndefined();
  });

  test('has no byte order mark, nor any other space that is not ASCII', () => {
    for (const space of ['\ufeff', '\u00a0', '\u2028']) {
      expect(read(space + padded)).toBeUndefined();
      expect(read(padded + space)).toBeUndefined();
    }
  });

  test('is read as far as it may be long, and no further', () => {
    const reading = vi.mocked(readCertificate);
    reading.mockClear();
    expect(read(padded.repeat(3), 3)).toHaveLength(3);
    expect(reading).toHaveBeenCalledTimes(3);
    reading.mockClear();
    expect(read(padded.repeat(50), 3)).toBeUndefined();
    expect(reading).toHaveBeenCalledTimes(3);
  });

  test('is canonical base64: no bits that are read away, no missing padding', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const spare = padded.replace(/.(?==)/, (last) => letters[letters.indexOf(last) + 1] ?? '');
    expect(spare).not.toBe(padded);
    expect(read(spare)).toBeUndefined();
    expect(read(padded.replace(/=+/, ''))).toBeUndefined();
  });
});

/** Signatures vary in length: issued until the base64 text ends in padding. */
function bundleWithPadding(): string {
  const day = Date.UTC(2026, 10, 21);
  const { pem } = issueCertificate({ commonNames: ['a'], notBefore: day, notAfter: day + 1 });
  return pem.includes('=') ? pem : bundleWithPadding();
}
