import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Database } from './driver.ts';
import { Turns } from './turns.ts';

const busy = new Database.SqliteError('database is locked', 'SQLITE_BUSY');

/** A lock that somebody else holds until it is let go. */
function locked() {
  let held = true;
  let clock = 0;
  const done: string[] = [];
  const turns = new Turns(
    async (ms) => {
      clock += ms;
      await setImmediate();
    },
    () => clock,
  );
  const take = (name: string) =>
    turns.take(() => {
      if (held) throw busy;
      return done.push(name);
    });
  return { done, take, letGo: () => (held = false), turns };
}

it('makes the first try at once, without a turn of the event loop', () => {
  const { done, take, letGo } = locked();
  letGo();
  void take('a');
  expect(done).toEqual(['a']);
});

it('waits for the lock while the event loop goes on, and keeps the order', async () => {
  const { done, take, letGo } = locked();
  const all = Promise.all(['a', 'b', 'c'].map(take));
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  expect(done).toEqual([]);
  letGo();
  const late = take('d');
  await all;
  await late;
  expect(done).toEqual(['a', 'b', 'c', 'd']);
});

it('gives up after some seconds, and the next one is tried all the same', async () => {
  const { done, take, letGo } = locked();
  await expect(take('a')).rejects.toBe(busy);
  letGo();
  await take('b');
  expect(done).toEqual(['b']);
});

it('passes on any other error at once, also from the middle of the queue', async () => {
  const { done, take, letGo, turns } = locked();
  const first = take('a');
  const broken = turns.take(() => {
    throw new RangeError('broken');
  });
  const last = take('b');
  letGo();
  await expect(broken).rejects.toThrow('broken');
  await first;
  await last;
  expect(done).toEqual(['a', 'b']);
});
