import { expect, test } from 'vitest';
import { Purses } from './purses.ts';

test('each payer has as much, and no more; what is too much gives no answer, and is spent', () => {
  const purses = new Purses(10);
  const costing = (count: number) => purses.pay('a', (steps) => (steps.spend(count), true));
  expect([costing(4), costing(6)]).toEqual([true, true]);
  expect(purses.spentBy('a')).toBe(10);
  expect(costing(1)).toBeUndefined();
  expect(purses.spentBy('a')).toBe(11);
  expect(purses.pay('a', () => true)).toBeUndefined();
  expect(purses.pay('b', () => false)).toBe(false);
  expect(purses.spentBy('b')).toBe(0);
});

test('an error of the work is no empty purse, and what it had cost is spent', () => {
  const purses = new Purses(10);
  const work = (steps: { spend(count: number): void }): boolean => {
    steps.spend(3);
    throw new Error('broken');
  };
  expect(() => purses.pay('a', work)).toThrow('broken');
  expect(purses.spentBy('a')).toBe(3);
});

test('the richest is the one who has spent least, the first of several', () => {
  const purses = new Purses(10);
  purses.pay('a', (steps) => (steps.spend(3), true));
  expect(purses.richest(['a', 'b', 'c'])).toBe('b');
  expect(purses.richest(['a'])).toBe('a');
  expect(purses.richest([])).toBeUndefined();
});
