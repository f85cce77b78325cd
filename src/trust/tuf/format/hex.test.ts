import { expect, test } from 'vitest';
import { decodeHex } from './hex.ts';

test('pairs of digits of either case are bytes', () => {
  expect(decodeHex('a1ff7F0aBc00')).toEqual(Uint8Array.of(0xa1, 0xff, 0x7f, 0x0a, 0xbc, 0));
  expect(decodeHex('')).toEqual(new Uint8Array());
});

test.each(['0', '0g', 'g0', '000', '0x', ' 00', '00 ', '00\n', 'zz00', '00zz'])('%j is no hex', (text) => {
  expect(decodeHex(text)).toBeUndefined();
});

test('the longest signature has 2,048 bytes', () => {
  expect(decodeHex('ab'.repeat(2_048))).toHaveLength(2_048);
  expect(decodeHex('ab'.repeat(2_049))).toBeUndefined();
});
