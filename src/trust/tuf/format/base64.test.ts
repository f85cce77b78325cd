import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64 } from './base64.ts';

test('bytes come back from their one text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
    }),
  );
  expect(decodeBase64('')).toEqual(new Uint8Array());
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  expect(decodeBase64(alphabet)).toEqual(new Uint8Array(Buffer.from(alphabet, 'base64')));
});

test.each([
  ['no padding', 'AA'],
  ['no padding of one', 'AAA'],
  ['too much padding', 'AAA=='],
  ['padding of nothing', '===='],
  ['padding inside', 'AA==AAAA'],
  ['padding alone', 'AAAA='],
  ['a single character', 'AAAAA'],
  ['the alphabet of URLs', 'AA_-'],
  ['white space before', ' AAAA'],
  ['white space after', 'AAAA\n'],
  ['white space inside', 'AA AA'],
  ['another character before', '!AAAA'],
  ['another character after', 'AAAA!'],
  ['two unused bits', 'AAB='],
  ['one unused bit of four', 'AB=='],
  ['the highest unused bit of four', 'AI=='],
  ['unused bits behind many good ones', '/////AAB='],
])('%s is no base64: one value has one text', (_, text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
