import { constants, type KeyObject, sign, type SigningOptions } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newKeyPair } from '../simulator/notary-certificate.ts';
import { nodeCrypto } from './crypto.ts';
import type { SignatureMethod } from './tuf/crypto-port.ts';

const MESSAGE = Buffer.from('message');
const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;
const KEYS = {
  p224: newKeyPair('ecdsa', 'secp224r1'),
  p256: newKeyPair('ecdsa', 'P-256'),
  p384: newKeyPair('ecdsa', 'P-384'),
  p521: newKeyPair('ecdsa', 'P-521'),
  rsa: newKeyPair('rsa'),
};
type KeyName = keyof typeof KEYS;

/** Every way to sign that the world has for these keys. */
const WAYS: ReadonlyMap<string, (hash: string, key: KeyObject) => Buffer> = new Map(
  Object.entries<SigningOptions>({
    der: { dsaEncoding: 'der' },
    'r‖s': { dsaEncoding: 'ieee-p1363' },
    'pss 32': { padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    'pss 20': { padding: RSA_PKCS1_PSS_PADDING, saltLength: 20 },
    'pss 64': { padding: RSA_PKCS1_PSS_PADDING, saltLength: 64 },
    pkcs1: { padding: RSA_PKCS1_PADDING },
  }).map(([way, options]) => [way, (hash, key) => sign(hash, MESSAGE, { key, ...options })]),
);

/** Key, way and hash of all signatures by all keys that verify under this method. */
function accepted(method: SignatureMethod): readonly string[] {
  const found: string[] = [];
  for (const [name, { publicKey, privateKey }] of Object.entries(KEYS)) {
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    for (const [way, by] of WAYS) {
      if ((name === 'rsa') === (way === 'der' || way === 'r‖s')) continue;
      for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'])
        if (nodeCrypto.verify(spki, method, MESSAGE, by(hash, privateKey))) found.push(`${name} ${way} ${hash}`);
    }
  }
  return found;
}

describe('of all the signatures that a key can make, a method verifies only its own', () => {
  test.each<[SignatureMethod, readonly string[]]>([
    ['ecdsa', ['p224 r‖s sha256', 'p256 r‖s sha256', 'p384 r‖s sha256', 'p521 r‖s sha256']],
    ['rsapss', ['rsa pss 32 sha256']],
    ['rsapkcs1v15', ['rsa pkcs1 sha256']],
    ['ecdsa-sha2-nistp256', ['p256 der sha256']],
    ['ecdsa-sha2-nistp384', ['p384 der sha384']],
    ['rsassa-pss-sha256', ['rsa pss 32 sha256', 'rsa pss 20 sha256', 'rsa pss 64 sha256']],
    ['rsassa-pss-sha384', ['rsa pss 32 sha384', 'rsa pss 20 sha384', 'rsa pss 64 sha384']],
    ['rsassa-pss-sha512', ['rsa pss 32 sha512', 'rsa pss 20 sha512', 'rsa pss 64 sha512']],
    ['eddsa', []],
  ])('%s', (method, expected) => {
    expect(accepted(method)).toEqual(expected);
  });
});

test('no method verifies another message, nor a signature by another key', () => {
  const methods: readonly [SignatureMethod, KeyName, string, string][] = [
    ['ecdsa', 'p256', 'r‖s', 'sha256'],
    ['ecdsa-sha2-nistp256', 'p256', 'der', 'sha256'],
    ['rsapss', 'rsa', 'pss 32', 'sha256'],
    ['rsapkcs1v15', 'rsa', 'pkcs1', 'sha256'],
  ];
  for (const [method, name, way, hash] of methods) {
    const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
    const signature = WAYS.get(way)!(hash, KEYS[name].privateKey);
    expect(nodeCrypto.verify(spki(KEYS[name].publicKey), method, MESSAGE, signature)).toBe(true);
    expect(nodeCrypto.verify(spki(KEYS[name].publicKey), method, Buffer.from('other'), signature)).toBe(false);
    const other = newKeyPair(name === 'rsa' ? 'rsa' : 'ecdsa').publicKey;
    expect(nodeCrypto.verify(spki(other), method, MESSAGE, signature)).toBe(false);
  }
});
