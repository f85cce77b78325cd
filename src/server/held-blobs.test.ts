import { expect, test } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import { HeldBlobs } from './held-blobs.ts';

const digest = (i: number) => parseDigest(`sha256:${String(i).padStart(64, '0')}`);

function world() {
  const open = new Set<number>();
  const timers = new Map<() => void, number>();
  const faults: unknown[] = [];
  const schedule = (task: () => void, ms: number) => {
    timers.set(task, ms);
    return () => void timers.delete(task);
  };
  const held = new HeldBlobs(schedule, (error) => faults.push(error));
  let next = 0;
  const hold = (i: number, close = () => Promise.resolve()): number => {
    const id = next++;
    open.add(id);
    held.hold(digest(i), {
      close: () => {
        open.delete(id);
        return close();
      },
    });
    return id;
  };
  return { open, timers, faults, held, hold };
}

test('a blob is held for ten seconds', () => {
  const { open, timers, hold } = world();
  hold(1);
  expect([open.size, ...timers.values()]).toEqual([1, 10_000]);
  for (const task of [...timers.keys()]) task();
  expect([open.size, timers.size]).toEqual([0, 0]);
});

test('one that is handed off again is held once, from then on', () => {
  const { open, timers, hold } = world();
  hold(1);
  const second = hold(1);
  expect([[...open], timers.size]).toEqual([[second], 1]);
});

test('so many at most: the one that was handed off longest ago goes first', () => {
  const { open, timers, hold } = world();
  const first = hold(0);
  const second = hold(1);
  for (let i = 2; i < 256; i++) hold(i);
  hold(0);
  expect([open.size, open.has(first), open.has(second)]).toEqual([256, false, true]);
  hold(256);
  expect([open.size, open.has(second), timers.size]).toEqual([256, false, 256]);
});

test('all are let go of when everything stops, and what cannot be closed is told', async () => {
  const { open, timers, faults, held, hold } = world();
  hold(1);
  hold(2, () => Promise.reject(new Error('bad disk')));
  held.close();
  await Promise.resolve();
  await Promise.resolve();
  expect([open.size, timers.size, String(faults[0])]).toEqual([0, 0, 'Error: bad disk']);
});
