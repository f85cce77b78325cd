import { expect, test } from 'vitest';
import { BackgroundRefresh } from './background-refresh.ts';
import type { Schedule } from './patience.ts';

const MINUTE = 60_000;

/** Timers that go off when the test says so. */
function timers(): { schedule: Schedule; fire: (ms: number) => Promise<void>; waiting: () => number[] } {
  const set = new Set<{ task: () => void; ms: number }>();
  const schedule: Schedule = (task, ms) => {
    const timer = { task, ms };
    set.add(timer);
    return () => void set.delete(timer);
  };
  return {
    schedule,
    waiting: () => [...set].map(({ ms }) => ms),
    async fire(ms) {
      for (const timer of [...set]) if (timer.ms === ms && set.delete(timer)) timer.task();
      for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    },
  };
}

function background(size = 1, refresh = (): Promise<void> => Promise.resolve()) {
  const clock = timers();
  const asked: number[] = [];
  const wanted: [number, number][] = [];
  const one = { refreshOlderThan: (ms: number) => (asked.push(ms), refresh()) };
  const recent = (within: number, most: number) => {
    wanted.push([within, most]);
    return Promise.resolve(Array.from({ length: size }, () => one));
  };
  const made = new BackgroundRefresh({ collections: { recent }, checkEveryMs: MINUTE, schedule: clock.schedule });
  return { ...clock, asked, wanted, made, look: () => clock.fire(MINUTE / 4) };
}

test('what was asked for lately is renewed in the last quarter of its time, again and again', async () => {
  const { asked, wanted, look } = background();
  await look();
  await look();
  expect(asked).toEqual([45_000, 45_000]);
  expect(wanted[0]).toEqual([10 * MINUTE, 200]);
});

test('four at a time, however many are in use', async () => {
  let running = 0;
  let most = 0;
  const { asked, look } = background(30, async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  });
  await look();
  expect(asked).toHaveLength(30);
  expect(most).toBe(4);
});

test('a round that takes long is not overtaken by the next', async () => {
  let end: () => void = () => undefined;
  const { asked, look, waiting } = background(1, () => new Promise((resolve) => (end = resolve)));
  await look();
  expect(waiting()).toEqual([]);
  end();
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  expect(waiting()).toEqual([MINUTE / 4]);
  expect(asked).toHaveLength(1);
});

test('closing ends it, and waits for a source that hangs no longer than two seconds', async () => {
  const { asked, look, made, waiting, fire } = background(10, () => new Promise(() => undefined));
  await look();
  const closed = made.close();
  expect(waiting()).toEqual([2_000]);
  await fire(2_000);
  await closed;
  expect(asked).toHaveLength(4);
  expect(waiting()).toEqual([]);
});

test('a round that ends after it was closed is the last, and asks for nothing more', async () => {
  const ends: (() => void)[] = [];
  const { asked, look, made, waiting } = background(10, () => new Promise((resolve) => ends.push(resolve)));
  await look();
  const closed = made.close();
  for (const end of ends) end();
  await closed;
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  expect(asked).toHaveLength(4);
  expect(waiting()).toEqual([]);
});

test('some are asked whether or not anybody pulls, and one that fails ends no rounds', async () => {
  const clock = timers();
  let rounds = 0;
  const failing = { refreshOlderThan: () => (rounds++, Promise.reject(new Error('outgrown'))) };
  const collections = { recent: () => Promise.resolve([]) };
  const made = new BackgroundRefresh({
    collections,
    always: [failing],
    checkEveryMs: MINUTE,
    schedule: clock.schedule,
  });
  for (let turn = 0; turn < 3; turn++) await clock.fire(MINUTE / 4);
  expect(rounds).toBe(3);
  await made.close();
});
