import { expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { parseKeyReference } from './key-reference.ts';

test.each([
  ['keys/root.pem', { kind: 'file', path: 'keys/root.pem' }],
  ['./env:x', { kind: 'file', path: './env:x' }],
  ['/keys/a:b', { kind: 'file', path: '/keys/a:b' }],
  ['env:SIGNING_KEY', { kind: 'env', variable: 'SIGNING_KEY' }],
  ['program:/opt/kms  --key a', { kind: 'program', program: '/opt/kms', args: ['--key', 'a'] }],
  ['pkcs11:token=team;object=k1', { kind: 'token', token: { token: 'team', object: 'k1' } }],
  [
    'pkcs11:token=team%20a;id=%01%fF?module-path=/usr/lib/m.so&pin-source=env:PIN',
    {
      kind: 'token',
      token: { token: 'team a', id: '01ff', modulePath: '/usr/lib/m.so', pin: { kind: 'env', variable: 'PIN' } },
    },
  ],
  [
    'PKCS11:token=t;id=ab;type=private?pin-source=file:/run/pin',
    { kind: 'token', token: { token: 't', id: '6162', pin: { kind: 'file', path: '/run/pin' } } },
  ],
  [
    'pkcs11:token=t;id=a?pin-source=file:///run/pin',
    { kind: 'token', token: { token: 't', id: '61', pin: { kind: 'file', path: '/run/pin' } } },
  ],
])('%s', (text, reference) => {
  expect(parseKeyReference(text)).toEqual(reference);
});

test.each([
  ['', 'it is empty'],
  ['a\0b', 'NUL'],
  ['x'.repeat(4_097), 'longer'],
  ['env:', 'name of an environment variable'],
  ['env:A B', 'name of an environment variable'],
  ['kms:key', 'a file of this name is ./NAME'],
  ['https://kms.example/key', 'expected a path'],
  ['program:', 'after program:'],
  ['program: \t', 'after program:'],
  ['pkcs11:object=k', 'no token='],
  ['pkcs11:token=t', 'names no key'],
  ['pkcs11:token=t;object=', 'object= is empty'],
  ['pkcs11:token=t;id=', 'id= is empty'],
  ['pkcs11:token=t;object=%00', 'NUL'],
  ['pkcs11:token=t;object=%ff', 'not UTF-8'],
  ['pkcs11:token=t;object=%f', 'two hex digits'],
  ['pkcs11:token=t;object=a;object=b', 'object= stands twice'],
  ['pkcs11:token=t;object=a;serial=1', '"serial=" is not one of token, object, id, type: leave it out'],
  ['pkcs11:token=t;object=a;type=cert', 'type= is not private'],
  ['pkcs11:token=t;object=a b', 'leave it out'],
  ['pkcs11:token=t;object=a?module-path=m.so', 'absolute'],
  ['pkcs11:token=t;object=a?module-name=m', '"module-name="'],
  ['pkcs11:token=t;object=a?pin-source=|/bin/pin', 'neither file:PATH nor env:NAME'],
  ['pkcs11:token=t;object=a?pin-source=env:', 'neither file:PATH nor env:NAME'],
  ['pkcs11:token=t;object=a?pin-source=file:', 'neither file:PATH nor env:NAME'],
  ['pkcs11:token=t;object=a?x?y', 'more than one'],
  ['pkcs11:token=t;object=a?pin-value=1234', 'every user of this machine'],
])('%j is refused: %s', (text, why) => {
  expect(code(() => parseKeyReference(text))).toBe('usage');
  expect(message(() => parseKeyReference(text))).toContain(why);
});

test('a PIN in a refused URI is not repeated', () => {
  for (const text of ['pkcs11:token=t;object=a?pin-value=4711', 'pkcs11:token=t;object=a?pin-valu=4711'])
    expect(message(() => parseKeyReference(text))).not.toContain('4711');
});
