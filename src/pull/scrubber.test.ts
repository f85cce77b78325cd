import { beforeEach, expect, test } from 'vitest';
import { digestOf, full, settle } from '../../test/blob-world.ts';
import type { BlobReader } from '../cache/blob-store.ts';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { MemoryBlobStore } from '../simulator/memory-blob-store.ts';
import { inlineHashing } from '../verify/inline-hashing.ts';
import type { DamageEvent } from './blob/flights.ts';
import { Scrubber } from './scrubber.ts';

/** The cache is hashed again in the background, with a clock that goes as it is told. */
const DAY = 86_400_000;
const BLOCK = 256 * 1024;

/** Timers of the scrubber, which has one at a time. */
class Timer {
  waiting: { task: () => void; ms: number } | undefined;

  readonly schedule = (task: () => void, ms: number): (() => void) => {
    const mine = { task, ms };
    this.waiting = mine;
    return () => {
      if (this.waiting === mine) this.waiting = undefined;
    };
  };

  /** @returns the milliseconds that were waited for */
  async fire(): Promise<number | undefined> {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) now += waiting.ms;
    waiting?.task();
    await settle();
    return waiting?.ms;
  }
}

class Store extends MemoryBlobStore {
  checked: Digest[] = [];

  override open(digest: Digest, purpose?: 'serve' | 'check'): Promise<BlobReader | undefined> {
    if (purpose === 'check') this.checked.push(digest);
    return super.open(digest, purpose);
  }
}

let now: number;
let store: Store;
let timer: Timer;
let damage: DamageEvent[];
let scrubbed: number;
let warnings: string[];

beforeEach(() => {
  now = 100 * DAY;
  store = new Store(undefined, { now: () => now });
  timer = new Timer();
  damage = [];
  scrubbed = 0;
  warnings = [];
});

function scrubber(bytesPerSecond = 1024 * 1024): Scrubber {
  return new Scrubber({
    store,
    hashing: inlineHashing,
    bytesPerSecond,
    now: () => now,
    damaged: (event) => damage.push(event),
    scrubbed: (bytes) => (scrubbed += bytes),
    log: { warn: (_, message) => warnings.push(message) },
    schedule: timer.schedule,
  });
}

/** A blob that was verified so many days ago. */
function keep(word: string, daysAgo: number, bytes = 10): Digest {
  const content = Buffer.alloc(bytes, word);
  const at = now;
  now -= daysAgo * DAY;
  store.put(digestOf(content), content);
  now = at;
  return digestOf(content);
}

/** Fires until the scrubber has nothing to do, and says what it waited for. */
async function run(): Promise<number[]> {
  const waits: number[] = [];
  for (let ms = await timer.fire(); ms !== undefined; ms = await timer.fire()) {
    waits.push(ms);
    if (timer.waiting?.ms === 3_600_000) break;
  }
  return waits;
}

test('what was verified longest ago comes first; what was verified within seven days is left in peace', async () => {
  const [old, fresh, oldest] = [keep('a', 8), keep('b', 6), keep('c', 90)];
  const mine = scrubber();
  await run();
  expect(store.checked).toEqual([oldest, old]);
  expect(await store.leastRecentlyVerified(now - DAY, 9)).toEqual([{ digest: fresh, size: 10 }]);
  expect(scrubbed).toBe(20);
  await mine.close();
});

test('it begins after a minute, and looks again an hour after it found nothing to do', async () => {
  const mine = scrubber();
  expect(timer.waiting?.ms).toBe(60_000);
  await timer.fire();
  expect(timer.waiting?.ms).toBe(3_600_000);
  const late = keep('a', 30);
  await timer.fire();
  expect(store.checked).toEqual([late]);
  await mine.close();
});

test('it is no faster than it may: after each block it waits as long as the block may take', async () => {
  keep('a', 30, 2 * BLOCK + 100);
  const mine = scrubber(BLOCK);
  const [begin, ...waits] = await run();
  expect([begin, ...waits.map(Math.round)]).toEqual([60_000, 1000, 1000, 0]);
  await mine.close();
});

test('many small blobs are no way around the rate', async () => {
  for (let i = 0; i < 40; i++) keep(`blob ${i}`, 30, 1000);
  const mine = scrubber(1000);
  const waits = await run();
  expect(waits.slice(1)).toEqual(Array.from({ length: 40 }, () => 1000));
  expect(new Set(store.checked).size).toBe(40);
  await mine.close();
});

test('a damaged blob is put aside and told, and the rest goes on', async () => {
  const [bad, good] = [keep('a', 30), keep('b', 20)];
  const at = now;
  now -= 30 * DAY;
  store.put(bad, Buffer.from('aaaaaAaaaa'));
  now = at;
  const mine = scrubber();
  await run();
  expect(store.quarantined).toEqual([bad]);
  expect(damage).toMatchObject([{ digest: bad, size: 10 }]);
  expect(damage[0]).not.toHaveProperty('origin');
  expect(store.checked).toEqual([bad, good]);
  await mine.close();
});

test('a damaged blob that cannot be put aside waits for the next look, and keeps no other from it', async () => {
  const [bad, good] = [keep('a', 30), keep('b', 20)];
  const at = now;
  now -= 30 * DAY;
  store.put(bad, Buffer.from('aaaaaAaaaa'));
  now = at;
  store.quarantine = () => Promise.reject(new TufgateError('cache.failed', 'read only'));
  const mine = scrubber();
  for (let i = 0; i < 9 && timer.waiting?.ms !== 3_600_000; i++) await timer.fire();
  expect(store.checked).toEqual([bad, good]);
  expect(damage).toHaveLength(1);
  await mine.close();
});

test('one that cannot be read is damaged; one that cannot be opened waits for the next look', async () => {
  const [unreadable, good] = [keep('a', 30), keep('b', 20)];
  let reads = 0;
  store.faults.read = () => (reads++ === 0 ? full() : undefined);
  const open = store.open.bind(store);
  const mine = scrubber();
  await run();
  expect(store.quarantined).toEqual([unreadable]);
  const closed = keep('c', 30);
  store.open = (digest, purpose) => (digest === closed ? full() : open(digest, purpose));
  await run();
  expect(warnings).toEqual(['a cached blob could not be checked']);
  store.open = open;
  store.checked = [];
  await run();
  expect(store.checked).toEqual([closed]);
  expect(await store.stat(good)).toBe(10);
  await mine.close();
});

test('a disk that opens nothing is not asked for ever', async () => {
  for (let i = 0; i < 1_100; i++) keep(`blob ${i}`, 30);
  let opened = 0;
  store.open = () => {
    opened++;
    return full();
  };
  const mine = scrubber();
  for (let i = 0; i < 400 && timer.waiting?.ms !== 3_600_000; i++) await (timer.waiting ? timer.fire() : settle());
  expect(opened).toBe(1_001);
  expect(timer.waiting?.ms).toBe(3_600_000);
  await mine.close();
});

test('closing ends it at once, in the middle of a blob, which nobody vouches for', async () => {
  const digest = keep('a', 30, 4 * BLOCK);
  const mine = scrubber(BLOCK);
  await timer.fire();
  await timer.fire();
  await mine.close();
  expect(timer.waiting).toBeUndefined();
  expect(scrubbed).toBeLessThan(4 * BLOCK);
  expect(await store.leastRecentlyVerified(now - 7 * DAY, 9)).toEqual([{ digest, size: 4 * BLOCK }]);
  expect([damage, warnings]).toEqual([[], []]);
});

test('a rate of 0 is none at all', async () => {
  keep('a', 30);
  const mine = scrubber(0);
  expect(timer.waiting).toBeUndefined();
  await mine.close();
});
