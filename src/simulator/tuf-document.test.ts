import { constants, createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalOf } from './tuf-document.ts';
import { TUF_KEY_KINDS, tufKey } from './tuf-key.ts';

test('the canonical form sorts by code point, and escapes two characters only', () => {
  const text = JSON.stringify({ '\u{1f600}': 1, '\uffff': 2, a: ['"', '\\', '\n', null, true] });
  expect(Buffer.from(canonicalOf(text)).toString()).toBe(
    '{"a":["\\"","\\\\","\n",null,true],"\uffff":2,"\u{1f600}":1}',
  );
});

test('numbers that canonical JSON does not have are written as other clients write them', () => {
  const text = '{"c":1e30,"b":1.5,"a":9007199254740993,"d":"1.5"}';
  expect(Buffer.from(canonicalOf(text)).toString()).toBe('{"a":9007199254740992,"b":1.5,"c":1e+30,"d":"1.5"}');
});

test('a key of a name is the same in every run, and kinds of one name are different keys', () => {
  expect(tufKey('p256', 'a').keyId).toMatch(/^5cdc0e75c59041c9/);
  expect(tufKey('ed25519', 'a').keyId).toMatch(/^63935504fb801d17/);
  expect(new Set(TUF_KEY_KINDS.map((kind) => tufKey(kind, 'same').keyId)).size).toBe(TUF_KEY_KINDS.length);
});

test('even a key that is too small signs', () => {
  const small = tufKey('rsa-1024', 'small');
  const { public: pem } = small.entry['keyval'] as { public: string };
  const key = createPublicKey(pem);
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(1024);
  expect(
    verify('sha256', Buffer.from('x'), { key, padding: constants.RSA_PKCS1_PSS_PADDING }, small.sign(Buffer.from('x'))),
  ).toBe(true);
});
