import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

const limits = { baseMs: 100, mostMs: 1_000 };

test('waits double, up to a limit, and never to infinity', () => {
  const longest = [1, 2, 3, 4, 5, 6, 2_000].map((attempt) => backOffMs(attempt, limits, () => 0.999_999));
  expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test('half of a wait is chance: two that failed together do not come back together', () => {
  expect([0, 0.5, 0.999_999].map((chance) => backOffMs(2, limits, () => chance))).toEqual([100, 150, 200]);
});
