import { afterEach, expect, test } from 'vitest';
import { KeepFresh, type KeepFreshOptions } from './keep-fresh.ts';

/** With a clock and timers that the test turns. */
const NOW = Date.UTC(2026, 10, 21);
let waits: { work: () => void; ms: number; cancelled: boolean }[] = [];
let open: KeepFresh | undefined;
afterEach(async () => {
  await open?.close();
  [waits, open] = [[], undefined];
});

const schedule: NonNullable<KeepFreshOptions['schedule']> = (work, ms) => {
  const wait = { work, ms, cancelled: false };
  waits.push(wait);
  return () => (wait.cancelled = true);
};

async function start(keepFresh: KeepFreshOptions['keepFresh']): Promise<unknown[]> {
  const failures: unknown[] = [];
  open = new KeepFresh({ keepFresh, now: () => NOW, onFailure: (error) => failures.push(error), schedule });
  await open.start();
  return failures;
}

/** The next timer goes off, and what it began has ended. */
async function turn(): Promise<void> {
  const count = waits.length;
  waits.at(-1)!.work();
  for (let left = 100; waits.length === count && left > 0; left--) await Promise.resolve();
}

test.each([
  ['when it is due', 60_000, 60_000],
  ['soon, when it is due now', 0, 1_000],
  ['soon, when it is overdue', -5_000, 1_000],
  ['now and then, though it is due in days', 86_400_000, 600_000],
])('it is looked at again %s', async (_, due, wait) => {
  await start(() => Promise.resolve(NOW + due));
  expect(waits.map(({ ms }) => ms)).toEqual([wait]);
});

test('what has not been made is looked for each minute', async () => {
  await start(() => Promise.resolve(undefined));
  expect(waits.at(-1)?.ms).toBe(60_000);
});

test('an online key that fails is told each time, and tried again each minute', async () => {
  const failures = await start(() => Promise.reject(new Error('no key')));
  await turn();
  await turn();
  expect(failures).toHaveLength(3);
  expect(waits.map(({ ms }) => ms)).toEqual([60_000, 60_000, 60_000]);
});

test('after a failure it goes on as before', async () => {
  let works = false;
  const failures = await start(() => (works ? Promise.resolve(NOW + 5_000) : Promise.reject(new Error('no key'))));
  works = true;
  await turn();
  expect([failures.length, waits.at(-1)?.ms]).toEqual([1, 5_000]);
});

test('once it is closed nothing begins any more, and what runs is waited for', async () => {
  let finish = (): void => undefined;
  let calls = 0;
  const slow = (): Promise<number> => {
    calls++;
    return calls === 1 ? Promise.resolve(NOW) : new Promise((resolve) => (finish = () => resolve(NOW)));
  };
  await start(slow);
  waits.at(-1)!.work();
  let closed = false;
  const closing = open!.close().then(() => (closed = true));
  await Promise.resolve();
  expect(closed).toBe(false);
  finish();
  await closing;
  expect([waits.length, waits[0]?.cancelled]).toEqual([1, true]);
});
