import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeOf } from '../../errors.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { CacheIndex } from '../index/cache-index.ts';
import { Leases } from './busy-names.ts';
import { Evictor, type EvictorParts } from './evictor.ts';

let folder: string;
let index: CacheIndex;
let leases: Leases;
let asked: number;
let pinned: (digest: Digest) => boolean;
let removed: number[];
let now: number;

const digest = (i: number): Digest => parseDigest(`sha256:${i.toString(16).padStart(64, '0')}`);
const numberOf = (name: Digest): number => parseInt(name.slice(-8), 16);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evictor-'));
  const fail = (what?: string): never => {
    throw new Error(what);
  };
  index = new CacheIndex({ file: join(folder, 'index.db'), user: 'command-alone', onTrouble: fail, onLost: fail });
  leases = new Leases();
  [asked, removed, now] = [0, [], 0];
  pinned = () => false;
});
afterEach(async () => {
  index.close();
  await rm(folder, { recursive: true });
});

/** So many blobs of ten bytes, the first used the longest ago. */
async function filled(count: number, over: Partial<EvictorParts> = {}): Promise<Evictor> {
  const stamp = { size: 10, allocated: 4096, inode: 1n, mtimeNs: 1n, ctimeNs: 1n };
  const found = Array.from({ length: count }, (_, i) => ({ digest: digest(i), stamp, usedAt: i }));
  await index.write('fill', (table) => table.adopt(found));
  return new Evictor({
    index,
    leases,
    pinned: (digests) => {
      asked += digests.length;
      return Promise.resolve(new Set(digests.filter(pinned)));
    },
    now: () => now,
    noteUses: () => Promise.resolve(),
    remove: (name) => {
      removed.push(numberOf(name));
      return Promise.resolve();
    },
    ...over,
  });
}

const left = (): number => index.totals.bytes;
const above = (bytes: number) => () => left() - bytes;
const nothing = (): number => 0;

test('goes in slices, and lets others have their turn in between', async () => {
  const evictor = await filled(100);
  let turns = 0;
  const timer = setInterval(() => undefined, 0);
  const sizes: number[] = [];
  const watch = (): void => {
    turns += 1;
    if (left() > 0) setImmediate(watch);
  };
  setImmediate(watch);
  await evictor.evict({ needed: above(0), wanted: above(0) }, () => sizes.push(left()));
  clearInterval(timer);
  expect(sizes).toEqual([680, 360, 40, 0]);
  expect(turns).toBeGreaterThan(3);
  expect(evictor.evicted).toEqual({ blobs: 100, bytes: 1_000 });
});

test('takes no more than it must of what is pinned, the least recently used first', async () => {
  const evictor = await filled(5);
  pinned = (name) => numberOf(name) !== 3;
  await evictor.evict({ needed: above(30), wanted: above(10) });
  expect(removed).toEqual([3, 0]);
});

test('asks about what is pinned once, not with each blob that needs room', async () => {
  const evictor = await filled(5_000);
  pinned = () => true;
  for (let bytes = 49_990; bytes > 49_900; bytes -= 10) await evictor.evict({ needed: above(bytes), wanted: above(0) });
  expect(removed).toHaveLength(9);
  expect(asked).toBeLessThan(5_000 + 9 * 64 + 2_048);
  const before = asked;
  await evictor.evict({ needed: above(49_890), wanted: above(0) });
  expect(asked - before).toBeLessThan(64);
  now += 600_001;
  pinned = (name) => numberOf(name) !== 4_000;
  await evictor.evict({ needed: nothing, wanted: above(0) });
  expect(removed.at(-1)).toBe(4_000);
});

test('whoever waits for room does not wait until all pins were asked about', async () => {
  const evictor = await filled(5_000);
  pinned = () => true;
  await evictor.evict({ needed: above(49_990), wanted: nothing });
  expect([asked, removed]).toEqual([2_048, [0]]);
});

test('who cannot say what is pinned pins nothing', async () => {
  const evictor = await filled(2, { pinned: () => Promise.reject(new Error('no state')) });
  await evictor.evict({ needed: above(10), wanted: nothing });
  expect(removed).toEqual([0]);
});

test('what is open stays whatever must go, and that is said', async () => {
  const evictor = await filled(3);
  const close = leases.take(digest(0));
  const closeAgain = leases.take(digest(0));
  close();
  const error: unknown = await evictor.evict({ needed: above(0), wanted: above(0) }).catch((each: unknown) => each);
  expect([codeOf(error), removed]).toEqual(['cache.failed', [1, 2]]);
  closeAgain();
  await evictor.evict({ needed: above(0), wanted: above(0) });
  expect(removed).toEqual([1, 2, 0]);
});

test('what is used after it was looked at stays', async () => {
  const evictor = await filled(2, {
    pinned: async () => {
      await index.write('use', (table) => table.use(new Map([[digest(0), 99]])));
      return new Set();
    },
  });
  await evictor.evict({ needed: above(10), wanted: nothing });
  expect(removed).toEqual([1]);
});

test('a disk that removes nothing ends it', async () => {
  const evictor = await filled(100, { remove: () => Promise.reject(new Error('EROFS')) });
  const error: unknown = await evictor.evict({ needed: above(0), wanted: above(0) }).catch((each: unknown) => each);
  expect(codeOf(error)).toBe('cache.failed');
  expect(left()).toBeGreaterThan(600);
});
