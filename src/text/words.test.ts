import { expect, test } from 'vitest';
import { ageWords } from './age-words.ts';
import { countWords, sizeWords } from './size-words.ts';
import { visible, visibleStart } from './visible.ts';

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [12_100_000, '12.1 MB'],
  [5_123e8, '512.3 GB'],
  [5e18, '5000000.0 TB'],
])('%d bytes are %s', (bytes, words) => {
  expect(sizeWords(bytes)).toBe(words);
});

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 27, 9);
test.each([
  [0, 'less than a minute ago'],
  [60_000, '1 minute ago'],
  [2 * 3_600_000, '2 hours ago'],
  [3 * DAY, '3 days ago'],
  [45 * DAY, '1 month ago'],
  [800 * DAY, '2 years ago'],
  [-1, 'in the future: 2026-11-27'],
])('%d ms are %s', (age, words) => {
  expect(ageWords(NOW - age, NOW)).toBe(words);
});

test('one is not many', () => {
  expect([countWords(1, 'layer'), countWords(0, 'layer'), countWords(5, 'layer')]).toEqual([
    '1 layer',
    '0 layers',
    '5 layers',
  ]);
});

test('what would move the cursor, reorder a line or add one is written out', () => {
  expect(visible('a\u001b[2Jb\nc\u202ed\u2028e\ud800f')).toBe(String.raw`a\u{1b}[2Jb\u{a}c\u{202e}d\u{2028}e\u{d800}f`);
  expect(visible('Änne – 日本 👍')).toBe('Änne – 日本 👍');
});

test('a long text is cut before it is written out', () => {
  expect(visibleStart('abc', 3)).toBe('abc');
  expect(visibleStart('abcd', 3)).toBe('abc…');
  expect(visibleStart('\n'.repeat(9), 7)).toBe(String.raw`\u{a}\u…`);
  expect(visibleStart('\n\n', 7)).toBe(String.raw`\u{a}\u…`);
  expect(visibleStart('👍👍', 2)).toBe('👍…');
  expect(visibleStart('\n👍', 6)).toBe('\\u{a}\ufffd…');
});
