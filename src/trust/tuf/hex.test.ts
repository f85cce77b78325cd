import { expect, test } from 'vitest';
import { sameBytes, sha256Hex, sha512Hex, toHex } from './hex.ts';

test('bytes are two lower-case digits each', () => {
  expect(toHex(Uint8Array.of(0, 1, 0x0f, 0x10, 0xab, 0xff))).toBe('00010f10abff');
  expect(toHex(new Uint8Array())).toBe('');
});

test('hashes are those of FIPS 180-4', () => {
  const abc = Buffer.from('abc');
  expect(sha256Hex(abc)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha512Hex(abc)).toMatch(/^ddaf35a193617aba.*2a9ac94fa54ca49f$/);
});

test.each([
  ['', '', true],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  ['abc', 'xbc', false],
  ['abc', 'ab', false],
  ['ab', 'abc', false],
  ['', 'a', false],
])('%j and %j are the same: %s', (a, b, expected) => {
  expect(sameBytes(Buffer.from(a), Buffer.from(b))).toBe(expected);
});
