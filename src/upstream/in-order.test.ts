import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

test('a few at a time, told in order', async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running);
    for (let turns = 10 - n; turns > 0; turns--) await Promise.resolve();
    running--;
    return n;
  };
  const told: number[] = [];
  for await (const n of inOrder([1, 2, 3, 4, 5, 6, 7], 3, work)) told.push(n);
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

test('a failure is told when its turn comes, and no other goes unhandled', async () => {
  const work = (n: number): Promise<number> => (n === 1 ? Promise.resolve(n) : Promise.reject(new Error(String(n))));
  const told: number[] = [];
  const all = async (): Promise<void> => {
    for await (const n of inOrder([1, 2, 3], 3, work)) told.push(n);
  };
  await expect(all()).rejects.toThrow('2');
  expect(told).toEqual([1]);
});
