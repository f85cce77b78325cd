import { expect, test } from 'vitest';
import type { Decision } from '../policy/decision.ts';
import { ToldAllows } from './told-allows.ts';

function world() {
  const lines: [unknown, number][] = [];
  const timers = new Set<() => void>();
  const allows = new ToldAllows({
    tell: (decision, count) => lines.push([decision, count]),
    schedule: (task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
  });
  const later = (): void => {
    const due = [...timers];
    timers.clear();
    for (const task of due) task();
  };
  const note = (key: string, text = key): void => allows.note(key, text as unknown as Decision);
  const take = (): [unknown, number][] => lines.splice(0);
  return { allows, note, take, later, timers };
}

test('the first is told at once, those that follow together, and none is left out', () => {
  const { note, take, later, timers } = world();
  note('a', 'a1');
  note('b', 'b1');
  expect(take()).toEqual([
    ['a1', 1],
    ['b1', 1],
  ]);
  for (const text of ['a2', 'a3', 'a4']) note('a', text);
  expect(take()).toEqual([]);
  later();
  expect(take()).toEqual([['a4', 3]]);
  note('b', 'b2');
  note('a', 'a5');
  expect(take()).toEqual([['b2', 1]]);
  later();
  expect(take()).toEqual([['a5', 1]]);
  later();
  later();
  expect(take()).toEqual([]);
  expect(timers.size).toBe(0);
  note('a', 'a6');
  expect(take()).toEqual([['a6', 1]]);
});

test('what waits is told when it closes, and no timer is left', () => {
  const { allows, note, take, timers } = world();
  for (const text of ['a1', 'a2', 'a3']) note('a', text);
  allows.close();
  expect(take()).toEqual([
    ['a1', 1],
    ['a3', 2],
  ]);
  expect(timers.size).toBe(0);
});

test('a flood of different ones is told one by one, and takes no memory beyond ten thousand of them', () => {
  const { note, take, later } = world();
  for (let n = 0; n < 10_000; n++) note(`k${n}`);
  expect(take()).toHaveLength(10_000);
  note('more');
  note('more');
  expect(take()).toHaveLength(2);
  later();
  note('more');
  note('more');
  expect(take()).toHaveLength(1);
});
