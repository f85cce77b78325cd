import { expect, test } from 'vitest';
import { ReadBuffers } from './read-buffers.ts';

const LARGE = 2 * 1024 * 1024;
const MIDDLE = 512 * 1024;
const SMALL = 64 * 1024;
const make = () =>
  new ReadBuffers([
    { bytes: LARGE, maxLent: 4, maxKept: 2 },
    { bytes: MIDDLE, maxLent: 2, maxKept: 2 },
  ]);
const lengths = (pair: readonly Buffer[]): number[] => pair.map(({ length }) => length);

test('many readers of large blobs cost ever smaller buffers once the large ones are lent, and nobody waits', () => {
  const buffers = make();
  const pairs = Array.from({ length: 5 }, () => buffers.lend(1e9));
  expect(pairs.map(lengths)).toEqual([LARGE, LARGE, MIDDLE, SMALL, SMALL].map((bytes) => [bytes, bytes]));
  for (const pair of pairs) buffers.giveBack(pair, true);
  expect([buffers.lend(1e9), buffers.lend(1e9), buffers.lend(1e9)].map(lengths)).toEqual(
    [LARGE, LARGE, MIDDLE].map((bytes) => [bytes, bytes]),
  );
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

test('no more are kept than are worth keeping', () => {
  const buffers = make();
  const pairs = [buffers.lend(1e9), buffers.lend(1e9)];
  for (const pair of pairs) buffers.giveBack(pair, true);
  const again = [buffers.lend(1e9), buffers.lend(1e9)].flat();
  expect(again.filter((buffer) => pairs.flat().includes(buffer))).toHaveLength(2);
});

test('an answer takes no larger buffers than it needs, and a small one costs no more than itself', () => {
  const buffers = make();
  expect(lengths(buffers.lend(MIDDLE))).toEqual([MIDDLE, MIDDLE]);
  expect(lengths(buffers.lend(SMALL))).toEqual([SMALL, SMALL]);
  expect(lengths(buffers.lend(10))).toEqual([10, 10]);
  expect(lengths(buffers.lend(0))).toEqual([1, 1]);
});
