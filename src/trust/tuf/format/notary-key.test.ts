import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import { type Json, readJson } from '../../../json/read.ts';
import { issueCertificate, newKeyPair } from '../../../simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey } from '../../../simulator/notary-key.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { Key } from '../model.ts';
import { keyIdOf, readKey } from './notary-key.ts';

const NOW = Date.UTC(2026, 10, 21);
const pair = newKeyPair();
const rsa = newKeyPair('rsa');

const pemOf = (keys = pair, hash: 'sha1' | 'sha256' = 'sha256'): string =>
  issueCertificate({ commonNames: ['a'], notBefore: NOW, notAfter: NOW + 1_000_000, keys, hash }).pem;

const tree = (value: unknown): Json =>
  readJson(Buffer.from(JSON.stringify(value)), { depth: 9, values: 1_000, integersOnly: true });
const read = (keyId: string, entry: unknown): Key => readKey('root of x', keyId, tree(entry), nodeCrypto);

/** Listed under the id that follows from what it says. */
function listed(keytype: string, bytes: Uint8Array): Key {
  const text = Buffer.from(bytes).toString('base64');
  return read(keyIdOf(keytype, text), { keytype, keyval: { private: null, public: text } });
}

test.each<[string, NotaryKey, string]>([
  ['ecdsa', plainKey('ecdsa', pair), 'ecdsa'],
  ['rsa', plainKey('rsa', rsa), 'rsa'],
  ['ed25519', plainKey('ed25519'), 'ed25519'],
  ['ecdsa-x509', certifiedKey(pemOf(), pair), 'ecdsa'],
  ['rsa-x509', certifiedKey(pemOf(rsa), rsa), 'rsa'],
])('a key of the type %s is read', (keytype, key, algorithm) => {
  expect(key.entry.keytype).toBe(keytype);
  const { keyId, material } = read(key.keyId, key.entry);
  expect(keyId).toBe(key.keyId);
  expect(material?.algorithm).toBe(algorithm);
  expect(material?.scheme).toBeUndefined();
  expect(material?.certificates?.length).toBe(keytype.endsWith('x509') ? 1 : undefined);
});

test('the same key is one, with a certificate and without', () => {
  const plain = plainKey('ecdsa', pair);
  const wrapped = certifiedKey(pemOf(), pair);
  expect(read(plain.keyId, plain.entry).material?.identity).toBe(read(wrapped.keyId, wrapped.entry).material?.identity);
});

test('the id is the hash of type and public part, whatever else stands there', () => {
  const { keyId, entry } = plainKey('ecdsa', pair);
  expect(keyIdOf('ecdsa', 'AAAA')).toBe(
    createHash('sha256').update('{"keytype":"ecdsa","keyval":{"private":null,"public":"AAAA"}}').digest('hex'),
  );
  expect(read(keyId, { ...entry, scheme: 'x' }).material).toBeDefined();
  expect(read(keyId, { ...entry, keyval: { ...entry.keyval, private: 'AAAA' } }).material).toBeDefined();
});

describe('no key, that spoils nothing, is', () => {
  const der = Buffer.from(plainKey('ecdsa', pair).entry.keyval.public, 'base64');
  const intermediate = issueCertificate({ commonNames: ['ca'], notBefore: NOW, notAfter: NOW + 1, ca: true }).pem;

  test.each<[string, Key]>([
    ['one under an id that is not its own', read('f'.repeat(64), plainKey('ecdsa', pair).entry)],
    ['one of an unknown type', listed('dsa', der)],
    ['one of another type than it says', listed('rsa', der)],
    ['a certificate of another type than it says', listed('rsa-x509', Buffer.from(pemOf()))],
    ['a certificate signed with SHA-1', listed('ecdsa-x509', Buffer.from(pemOf(pair, 'sha1')))],
    ['a key where a certificate should be', listed('ecdsa-x509', der)],
    ['a certificate where a key should be', listed('ecdsa', Buffer.from(pemOf()))],
    ['no certificate', listed('ecdsa-x509', Buffer.from(''))],
    [
      'a certificate that is not UTF-8',
      listed('ecdsa-x509', Buffer.concat([Buffer.from(pemOf()), Buffer.from([0xff])])),
    ],
    ['a certificate behind a byte order mark', listed('ecdsa-x509', Buffer.from(`\ufeff${pemOf()}`))],
    ['more than eight certificates', listed('ecdsa-x509', Buffer.from(pemOf() + intermediate.repeat(8)))],
    ['no bytes at all', listed('ed25519', new Uint8Array())],
  ])('%s', (_, key) => {
    expect(Object.keys(key)).toEqual(['keyId']);
    expect(key.keyId).toMatch(/^[0-9a-f]{64}$/);
  });

  test('but eight certificates are', () => {
    const key = listed('ecdsa-x509', Buffer.from(pemOf() + intermediate.repeat(7)));
    expect(key.material?.certificates).toHaveLength(8);
  });
});

describe('malformed is', () => {
  const good = plainKey('ecdsa', pair).entry;

  test.each<[string, unknown]>([
    ['no object', null],
    ['one without a type', { keyval: good.keyval }],
    ['one without a value', { keytype: 'ecdsa' }],
    ['one without a public part', { ...good, keyval: { private: null } }],
    ['a public part that is not base64', { ...good, keyval: { public: 'A' } }],
    ['a second spelling of keytype', { ...good, KEYTYPE: '' }],
    ['a second spelling of keyval', { ...good, KEYVAL: '' }],
    ['a second spelling of public', { ...good, keyval: { ...good.keyval, PUBLIC: '' } }],
    ['a second spelling of private', { ...good, keyval: { ...good.keyval, PRIVATE: '' } }],
  ])('%s', (_, entry) => {
    expect(code(() => read('id', entry))).toBe('trust.malformed');
    expect(message(() => read('id', entry))).toContain('root of x');
  });

  test('told of by where it stands, and twelve digits of its id', () => {
    const entry = { ...good, keyval: { public: 'A' } };
    expect(message(() => read('0123456789abcdef', entry))).toContain(
      'root of x has a key "0123456789ab" whose public part is not strict base64',
    );
    expect(message(() => read('id', null))).toBe('a key in root of x is not a JSON object; nothing of it is believed');
    expect(message(() => read('id', { keytype: 'x', keyval: 1 }))).toContain('a key in root of x is not a JSON object');
  });
});
