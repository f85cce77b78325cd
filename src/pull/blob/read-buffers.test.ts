import { expect, test } from 'vitest';
import { ReadBuffers } from './read-buffers.ts';

const LARGE = 512 * 1024;
const SMALL = 64 * 1024;
const make = () => new ReadBuffers({ bytes: LARGE, maxLent: 8, maxKept: 2 });
const lengths = (pair: readonly Buffer[]): number[] => pair.map(({ length }) => length);

test('many readers of large blobs cost small buffers once the large ones are lent, and nobody waits', () => {
  const buffers = make();
  const pairs = Array.from({ length: 6 }, () => buffers.lend(1e9));
  expect(pairs.map(lengths)).toEqual([
    [2 * LARGE, 2 * LARGE],
    [2 * LARGE, 2 * LARGE],
    [LARGE, LARGE],
    [LARGE, LARGE],
    [SMALL, SMALL],
    [SMALL, SMALL],
  ]);
  for (const pair of pairs) buffers.giveBack(pair, true);
  expect(lengths(buffers.lend(1e9))).toEqual([2 * LARGE, 2 * LARGE]);
});

test('a buffer comes back into use, unless a socket may still read from it', () => {
  const buffers = make();
  const first = buffers.lend(1e9);
  buffers.giveBack(first, false);
  const second = buffers.lend(1e9);
  expect(first).not.toContain(second[0]);
  buffers.giveBack(second, true);
  expect(second).toContain(buffers.lend(1e9)[0]);
});

test('a small answer costs no more than itself', () => {
  expect(lengths(make().lend(10))).toEqual([10, 10]);
  expect(lengths(make().lend(0))).toEqual([1, 1]);
});
