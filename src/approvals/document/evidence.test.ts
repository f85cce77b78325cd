import { describe, expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import type { Json } from '../../json/read.ts';
import { readEvidence } from './evidence.ts';

/** Evidence is written by whoever proposes and stays in the file for good: little of it, and nothing that cannot be shown. */
const verdict = (value: Json): string => code(() => readEvidence('it', value));
const one = (name: string, value: Json): string => verdict([new Map([[name, value]])]);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

test('there may be none', () => {
  expect(readEvidence('it', undefined)).toEqual([]);
  expect(readEvidence('it', [])).toEqual([]);
});

describe('as much as the limit is read, and one more is not', () => {
  test.each([
    ['things that were seen', 32, (count: number) => verdict(many(count, () => new Map([['kind', 'sbom']])))],
    ['members of one', 12, (count: number) => verdict([new Map(many(count, (i) => [`m${i}`, '']))])],
    ['characters of a name', 512, (count: number) => one('n'.repeat(count), 1)],
    ['characters of a text', 512, (count: number) => one('kind', 'x'.repeat(count))],
    [
      'texts of a list',
      64,
      (count: number) =>
        one(
          'platforms',
          many(count, () => 'linux/amd64'),
        ),
    ],
    ['characters of a text in a list', 512, (count: number) => one('platforms', ['a', 'x'.repeat(count)])],
  ])('%s: %i', (_, most, read) => {
    expect([read(most), read(most + 1)]).toEqual(['accepted', 'trust.malformed']);
  });
});

describe('what it may be made of', () => {
  test.each([['text'], [''], [7], [0], [-1], [true], [false], [[]], [['a', '']]])('%j', (value) => {
    expect(readEvidence('it', [new Map([['kind', value]])])).toEqual([new Map([['kind', value]])]);
  });

  test.each<[string, Json]>([
    ['null', null],
    ['an object', new Map([['a', 'b']])],
    ['a list with a number', ['a', 1]],
    ['a list with null', [null, 'a']],
    ['a list within a list', ['a', ['b']]],
    ['a list with an object', [new Map()]],
  ])('not %s', (_, value) => {
    expect(one('kind', value)).toBe('trust.malformed');
  });

  test.each<[string, Json]>([
    ['null', null],
    ['text', 'sbom'],
    ['an object', new Map([['kind', 'sbom']])],
    ['a list with a text', ['sbom']],
    ['a list with a list', [['sbom']]],
    ['a list with null', [null]],
  ])('nor is %s a list of it', (_, value) => {
    expect(verdict(value)).toBe('trust.malformed');
  });
});
