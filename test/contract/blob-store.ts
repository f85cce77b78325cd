import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BlobReader, BlobStore } from '../../src/cache/blob-store.ts';
import type { CacheLimits } from '../../src/cache/eviction.ts';
import { codeOf } from '../../src/errors.ts';
import { type Digest, parseDigest } from '../../src/oci/digest.ts';

export function blobOf(text: string, algorithm = 'sha256'): { bytes: Buffer; digest: Digest } {
  const bytes = Buffer.from(text);
  return { bytes, digest: parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`) };
}

export async function keep(store: BlobStore, bytes: Buffer, digest: Digest): Promise<void> {
  const writer = await store.create(digest, bytes.length);
  await writer!.write(bytes);
  await writer!.commit();
}

export async function readAll(reader: BlobReader | undefined): Promise<string> {
  const into = Buffer.alloc(4);
  let text = '';
  for (let position = 0; ;) {
    const count = await reader!.read(into, position);
    if (count === 0) break;
    text += into.toString('latin1', 0, count);
    position += count;
  }
  await reader!.close();
  return text;
}

export async function listed(store: BlobStore): Promise<{ digest: Digest; size: number }[]> {
  const blobs = [];
  for await (const { digest, size } of store.list()) blobs.push({ digest, size });
  return blobs;
}

export interface StoreOptions extends CacheLimits {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly pinned: (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>;
}

export interface StoreUnderTest {
  readonly store: BlobStore;
  /** Somebody changes the kept bytes behind the store's back, without changing how many they are. */
  readonly tamper: (digest: Digest, bytes: Buffer) => Promise<void>;
  /** What was set apart. */
  readonly quarantined: () => Promise<readonly string[]>;
}

/** What every blob store promises. `make` gives an empty store with these limits. */
export function blobStoreContract(name: string, make: (options: StoreOptions) => Promise<StoreUnderTest>): void {
  describe(`the blob store contract, ${name}`, () => {
    let under: StoreUnderTest;
    let store: BlobStore;
    let now: number;
    const pins = new Set<Digest>();
    const a = blobOf('aaaaaaaaaa');
    const b = blobOf('bbbbbbbbbb');
    const c = blobOf('cccccccccc');
    const d = blobOf('dddddddddd');
    const names = async () => (await listed(store)).map(({ digest }) => digest).sort();
    beforeEach(async () => {
      now = 1_000;
      pins.clear();
      const pinned = (digests: readonly Digest[]) => Promise.resolve(new Set(digests.filter((each) => pins.has(each))));
      under = await make({ maxBytes: 30, lowWaterBytes: 20, now: () => now, pinned });
      store = under.store;
    });
    afterEach(() => store.close());

    test('what was never committed is not there', async () => {
      expect(await store.stat(a.digest)).toBeUndefined();
      expect(await store.open(a.digest)).toBeUndefined();
      const writer = await store.create(a.digest, 10);
      await writer!.write(a.bytes);
      expect(await store.open(a.digest)).toBeUndefined();
      expect(store.usedBytes).toBe(0);
      await writer!.abort();
      expect(await store.stat(a.digest)).toBeUndefined();
    });

    test('a committed blob is read back, listed and counted', async () => {
      await keep(store, a.bytes, a.digest);
      expect(await store.stat(a.digest)).toBe(10);
      const reader = await store.open(a.digest);
      expect(reader!.size).toBe(10);
      expect(await readAll(reader)).toBe('aaaaaaaaaa');
      expect(await listed(store)).toEqual([{ digest: a.digest, size: 10 }]);
      expect(store.usedBytes).toBe(10);
    });

    test('reads from the middle, and nothing from the end', async () => {
      const blob = blobOf('0123456789');
      await keep(store, blob.bytes, blob.digest);
      const reader = await store.open(blob.digest);
      const into = Buffer.alloc(3);
      expect([await reader!.read(into, 4), into.toString()]).toEqual([3, '456']);
      expect(await reader!.read(into, 8)).toBe(2);
      expect(await reader!.read(into, 10)).toBe(0);
      expect(await reader!.read(into, 99)).toBe(0);
      await reader!.close();
    });

    test('a zero-byte blob is a blob', async () => {
      const empty = blobOf('');
      const writer = await store.create(empty.digest, 0);
      await writer!.commit();
      expect(await store.stat(empty.digest)).toBe(0);
      expect(await readAll(await store.open(empty.digest))).toBe('');
    });

    test('sha512 digests are kept beside sha256', async () => {
      const long = blobOf('x', 'sha512');
      await keep(store, long.bytes, long.digest);
      expect(await readAll(await store.open(long.digest))).toBe('x');
    });

    test('a reader follows the writer while it writes, and reads on after commit', async () => {
      const writer = await store.create(a.digest, 10);
      const reader = await writer!.reader();
      const into = Buffer.alloc(10);
      expect(await reader.read(into, 0)).toBe(0);
      await writer!.write(a.bytes.subarray(0, 4));
      expect(await reader.read(into, 0)).toBe(4);
      await writer!.write(a.bytes.subarray(4));
      await writer!.commit();
      expect(await readAll(reader)).toBe('aaaaaaaaaa');
    });

    test('a reader of a temporary blob reads on after abort', async () => {
      const writer = await store.create(a.digest, 10);
      await writer!.write(a.bytes);
      const reader = await writer!.reader();
      await writer!.abort();
      expect(await readAll(reader)).toBe('aaaaaaaaaa');
      expect(await store.open(a.digest)).toBeUndefined();
    });

    test('the buffer given to write may be reused once write resolved', async () => {
      const writer = await store.create(a.digest, 10);
      const buffer = Buffer.from('aaaaa');
      await writer!.write(buffer);
      buffer.fill('-');
      await writer!.write(Buffer.from('aaaaa'));
      await writer!.commit();
      expect(await readAll(await store.open(a.digest))).toBe('aaaaaaaaaa');
    });

    test('a blob that was given fewer bytes than announced is not kept', async () => {
      const writer = await store.create(a.digest, 10);
      await writer!.write(a.bytes.subarray(1));
      expect(codeOf(await writer!.commit().catch((error: unknown) => error))).toBe('cache.failed');
      expect(await store.stat(a.digest)).toBeUndefined();
      expect(store.usedBytes).toBe(0);
    });

    test('two writers of one digest do not disturb each other, and it is counted once', async () => {
      const [first, second] = await Promise.all([store.create(a.digest, 10), store.create(a.digest, 10)]);
      await first!.write(a.bytes);
      await second!.write(a.bytes.subarray(0, 5));
      await first!.commit();
      await second!.write(a.bytes.subarray(5));
      await second!.commit();
      expect(store.usedBytes).toBe(10);
      expect(await readAll(await store.open(a.digest))).toBe('aaaaaaaaaa');
    });

    test('ending a writer twice is harmless', async () => {
      const writer = await store.create(a.digest, 10);
      await writer!.write(a.bytes);
      await writer!.commit();
      await writer!.abort();
      expect(await store.stat(a.digest)).toBe(10);
    });

    test('an open blob can be read to its end after it was deleted', async () => {
      await keep(store, a.bytes, a.digest);
      const reader = await store.open(a.digest);
      await store.delete(a.digest);
      expect(await store.stat(a.digest)).toBeUndefined();
      expect(store.usedBytes).toBe(0);
      expect(await readAll(reader)).toBe('aaaaaaaaaa');
      await store.delete(a.digest);
    });

    test('a blob larger than the cache is not taken, and evicts nothing', async () => {
      await keep(store, a.bytes, a.digest);
      expect(await store.create(b.digest, 31)).toBeUndefined();
      expect(await store.stat(a.digest)).toBe(10);
    });

    test('the least recently used goes first, down to the low water', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      await (await store.open(a.digest))!.close();
      await (await store.open(b.digest))!.close();
      await store.stat(a.digest);
      await keep(store, d.bytes, d.digest);
      expect(await store.stat(c.digest)).toBeUndefined();
      expect(await store.stat(b.digest)).toBeUndefined();
      expect(await store.stat(a.digest)).toBe(10);
      expect(store.usedBytes).toBe(20);
    });

    test('to be opened for hashing is no use', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      await (await store.open(a.digest, 'check'))!.close();
      await keep(store, d.bytes, d.digest);
      expect(await names()).toEqual([c.digest, d.digest].sort());
    });

    test('what is open for reading is not evicted, until it is closed', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      const readers = [await store.open(a.digest), await store.open(a.digest)];
      await keep(store, d.bytes, d.digest);
      expect(await names()).toEqual([a.digest, d.digest].sort());
      for (const reader of readers) expect(await readAll(reader)).toBe('aaaaaaaaaa');
      await readers[0]!.close();
      for (const blob of [b, c]) await keep(store, blob.bytes, blob.digest);
      expect(await names()).toEqual([b.digest, c.digest].sort());
    });

    test('when all is open for reading nothing new is taken, and the room is given back', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      const readers = [];
      for (const { digest } of [a, b, c]) readers.push(await store.open(digest));
      const writer = await store.create(d.digest, 10);
      expect(codeOf(await writer!.write(d.bytes).catch((error: unknown) => error))).toBe('cache.failed');
      await writer!.abort();
      expect(await names()).toEqual([a.digest, b.digest, c.digest].sort());
      for (const reader of readers) await reader!.close();
      await keep(store, d.bytes, d.digest);
      expect(store.usedBytes).toBe(20);
    });

    test('what is pinned stays while anything else can go', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      pins.add(a.digest);
      await keep(store, d.bytes, d.digest);
      expect(await names()).toEqual([a.digest, d.digest].sort());
    });

    test('when all is pinned no more goes than must', async () => {
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      for (const { digest } of [a, b, c]) pins.add(digest);
      await keep(store, d.bytes, d.digest);
      expect(await names()).toEqual([b.digest, c.digest, d.digest].sort());
    });

    test('a blob is unchanged since it was committed, until somebody changes its file', async () => {
      await keep(store, a.bytes, a.digest);
      const before = await store.open(a.digest);
      expect(before!.unchanged).toBe(true);
      await before!.close();
      await under.tamper(a.digest, Buffer.from('AAAAAAAAAA'));
      const after = await store.open(a.digest);
      expect([after!.size, after!.unchanged]).toEqual([10, false]);
      await after!.close();
    });

    test('a file that was hashed anew is vouched for', async () => {
      await keep(store, a.bytes, a.digest);
      await under.tamper(a.digest, a.bytes);
      const reader = await store.open(a.digest);
      expect(reader!.unchanged).toBe(false);
      await reader!.vouch();
      expect(reader!.unchanged).toBe(true);
      await reader!.close();
      const again = await store.open(a.digest);
      expect(again!.unchanged).toBe(true);
      await again!.close();
    });

    test('a growing blob has nothing that could have changed', async () => {
      const writer = await store.create(a.digest, 10);
      const reader = await writer!.reader();
      expect(reader.unchanged).toBe(true);
      await reader.vouch();
      await reader.close();
      await writer!.abort();
    });

    test('what was quarantined is a miss, can be read to its end, and is kept apart', async () => {
      await keep(store, a.bytes, a.digest);
      const reader = await store.open(a.digest);
      await store.quarantine(a.digest);
      expect(await store.open(a.digest)).toBeUndefined();
      expect(store.usedBytes).toBe(0);
      expect(await readAll(reader)).toBe('aaaaaaaaaa');
      expect(await under.quarantined()).toEqual([expect.stringContaining(a.digest.slice(7))]);
      await store.quarantine(b.digest);
      await keep(store, a.bytes, a.digest);
      expect(await readAll(await store.open(a.digest))).toBe('aaaaaaaaaa');
    });

    test('the damage of a file that was replaced meanwhile is not that of the new one', async () => {
      await keep(store, a.bytes, a.digest);
      const damaged = await store.open(a.digest);
      await keep(store, a.bytes, a.digest);
      await store.quarantine(a.digest, damaged);
      expect(await store.stat(a.digest)).toBe(10);
      await damaged!.close();
      const reader = await store.open(a.digest);
      await store.quarantine(a.digest, reader);
      expect(await store.stat(a.digest)).toBeUndefined();
      await reader!.close();
    });

    test('what was hashed the longest ago is named first, and nothing that was since', async () => {
      for (const blob of [a, b, c]) {
        await keep(store, blob.bytes, blob.digest);
        now += 1;
      }
      const due = async (before: number, most = 9) =>
        (await store.leastRecentlyVerified(before, most)).map(({ digest, size }) => [digest, size]);
      expect(await due(1_000)).toEqual([]);
      expect(await due(1_002)).toEqual([
        [a.digest, 10],
        [b.digest, 10],
      ]);
      expect(await due(9_000, 1)).toEqual([[a.digest, 10]]);
      const reader = await store.open(a.digest, 'check');
      await reader!.vouch();
      await reader!.close();
      expect(await due(9_000, 1)).toEqual([[b.digest, 10]]);
      expect(await due(9_000)).toHaveLength(3);
    });

    test('a size that is only claimed evicts nothing; bytes that arrive do, and are given back', async () => {
      for (const blob of [a, b]) await keep(store, blob.bytes, blob.digest);
      const claimed = await store.create(c.digest, 30);
      expect(await listed(store)).toHaveLength(2);
      await claimed!.write(Buffer.alloc(10));
      expect(await listed(store)).toHaveLength(2);
      await claimed!.write(Buffer.alloc(1));
      expect(await listed(store)).toEqual([]);
      await claimed!.abort();
      for (const blob of [a, b, c]) await keep(store, blob.bytes, blob.digest);
      expect(store.usedBytes).toBe(30);
    });

    test('room promised to blobs being written is neither given twice nor evicted', async () => {
      const writers = [await store.create(a.digest, 10), await store.create(b.digest, 20)];
      expect(await store.create(c.digest, 10)).toBeUndefined();
      await writers[1]!.abort();
      await keep(store, c.bytes, c.digest);
      await writers[0]!.write(a.bytes);
      await writers[0]!.commit();
      expect(store.usedBytes).toBe(20);
    });
  });
}
