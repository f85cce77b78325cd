import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { blobOf, blobStoreContract, keep, listed, readAll } from '../../../test/contract/blob-store.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { type Digest, hexOf } from '../../oci/digest.ts';
import { openFsBlobStore } from './fs-blob-store.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { SharedFile } from './shared-file.ts';

let directory: string;
let now = Date.UTC(2026, 10, 1);
const limits = { maxBytes: 1000, lowWaterBytes: 800 };
const openStore = (over = {}) => openFsBlobStore({ directory, now: () => now, ...limits, ...over });
const pathOf = (digest: Digest) => join(directory, 'v1/blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest));
const caught = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const a = blobOf('aaaaaaaaaa');
const b = blobOf('bbbbbbbbbb');

beforeEach(async () => (directory = join(await mkdtemp(join(tmpdir(), 'blobs-')), 'cache')));
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

blobStoreContract('on files', async (over) => ({
  store: await openStore(over),
  // In the same second, with the same time of change: only the kernel knows.
  tamper: async (digest, bytes) => {
    const { atime, mtime } = await stat(pathOf(digest));
    await writeFile(pathOf(digest), bytes);
    await utimes(pathOf(digest), atime, mtime);
  },
  quarantined: () => readdir(join(directory, 'v1/quarantine')),
}));

test('a blob lies under its digest and survives a restart', async () => {
  const store = await openStore();
  await keep(store, a.bytes, a.digest);
  expect(await readFile(pathOf(a.digest), 'latin1')).toBe('aaaaaaaaaa');
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
  await store.close();
  const again = await openStore();
  expect(again.usedBytes).toBe(10);
  expect(await readAll(await again.open(a.digest))).toBe('aaaaaaaaaa');
});

test('what a crash left unfinished is removed by the next start and never served', async () => {
  const store = await openStore();
  const writer = await store.create(a.digest, 10);
  await writer!.write(a.bytes);
  expect(await readdir(join(directory, 'v1/tmp'))).toHaveLength(1);
  const again = await openStore();
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
  expect(await again.open(a.digest)).toBeUndefined();
  await writer!.abort();
});

test('a file that was cut while the store runs is dropped and counts as a miss', async () => {
  const store = await openStore();
  await keep(store, a.bytes, a.digest);
  await truncate(pathOf(a.digest), 4);
  expect(await store.open(a.digest)).toBeUndefined();
  expect(store.usedBytes).toBe(0);
  await expect(stat(pathOf(a.digest))).rejects.toThrow();
  expect(await readdir(join(directory, 'v1/quarantine'))).toHaveLength(1);
});

test('a file that was taken away, or replaced by a link, is a miss', async () => {
  const store = await openStore();
  for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
  await rm(pathOf(a.digest));
  await rm(pathOf(b.digest));
  await writeFile(join(directory, 'ten bytes'), '0123456789');
  await symlink(join(directory, 'ten bytes'), pathOf(b.digest));
  expect(await store.open(a.digest)).toBeUndefined();
  expect(await store.open(b.digest)).toBeUndefined();
  expect(store.usedBytes).toBe(0);
});

test('strange files, folders and links are neither listed nor touched', async () => {
  const store = await openStore();
  await keep(store, a.bytes, a.digest);
  const shard = join(pathOf(a.digest), '..');
  await writeFile(join(shard, 'README'), 'x');
  await mkdir(join(shard, '0'.repeat(64)));
  await writeFile(join(directory, 'v1/blobs/sha256/note'), 'x');
  await mkdir(join(directory, 'v1/blobs/sha256/zz'));
  await store.close();
  await rm(join(directory, 'v1/index.db'));
  const again = await openStore();
  await again.settled();
  expect(await listed(again)).toEqual([{ digest: a.digest, size: 10 }]);
  expect(await readFile(join(shard, 'README'), 'latin1')).toBe('x');
});

describe('use', () => {
  const small = { maxBytes: 20, lowWaterBytes: 20 };
  const c = blobOf('c');

  test('orders eviction after a restart too, also of a cache that has no index', async () => {
    const store = await openStore(small);
    for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
    await (await store.open(a.digest))!.close();
    await store.close();
    const again = await openStore(small);
    await keep(again, c.bytes, c.digest);
    expect(await again.stat(b.digest)).toBeUndefined();
    expect(await again.stat(a.digest)).toBe(10);
    await expect(stat(pathOf(b.digest))).rejects.toThrow();
  });

  test('is taken from the files where there is no index yet', async () => {
    const store = await openStore(small);
    for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
    await store.close();
    await utimes(pathOf(a.digest), 2_000, 2_000);
    await utimes(pathOf(b.digest), 1_000, 1_000);
    await rm(join(directory, 'v1/index.db'));
    const again = await openStore(small);
    await again.settled();
    await keep(again, c.bytes, c.digest);
    expect(await again.stat(b.digest)).toBeUndefined();
    expect(await again.stat(a.digest)).toBe(10);
  });

  test('is written down a second later, and leaves the file alone', async () => {
    const timers: (() => void)[] = [];
    const schedule = (task: () => void, ms: number) => {
      expect(ms).toBe(1_000);
      timers.push(task);
      return () => undefined;
    };
    const store = await openStore({ schedule });
    for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
    const before = await stat(pathOf(a.digest), { bigint: true });
    await (await store.open(a.digest))!.close();
    await store.stat(a.digest);
    const first = () => store.mostRecentlyUsed(undefined, 1)[0]?.digest;
    expect(timers).toHaveLength(1);
    expect(first()).toBe(b.digest);
    timers[0]!();
    expect(first()).toBe(a.digest);
    expect((await stat(pathOf(a.digest), { bigint: true })).ctimeNs).toBe(before.ctimeNs);
  });

  test('keeps its order when the clock is set back', async () => {
    const store = await openStore(small);
    await keep(store, a.bytes, a.digest);
    now -= 86_400_000;
    await keep(store, b.bytes, b.digest);
    await keep(store, c.bytes, c.digest);
    expect(await listed(store)).toEqual(expect.arrayContaining([{ digest: b.digest, size: 10 }]));
    expect(await store.stat(a.digest)).toBeUndefined();
    now += 86_400_000;
  });
});

describe('at the start', () => {
  test('a layout from a newer version is refused, named, and left as it is', async () => {
    await mkdir(join(directory, 'v2'), { recursive: true });
    const error = await caught(openStore());
    expect(codeOf(error)).toBe('cache.newer-version');
    expect(messageOf(error)).toContain(join(directory, 'v2'));
    expect(messageOf(error)).toMatch(/newer tufgate/);
    expect(await readdir(directory)).toEqual(['v2']);
  });

  test('a directory that cannot be one says path and fix', async () => {
    await writeFile(directory, 'in the way');
    const error = await caught(openStore());
    expect(error).toBeInstanceOf(TufgateError);
    expect(codeOf(error)).toBe('startup.directory');
    expect(messageOf(error)).toContain(directory);
    expect(messageOf(error)).toMatch(/may write to/);
  });

  test.skipIf(process.getuid?.() === 0)('a directory that may not be written says path and fix', async () => {
    await (await openStore()).close();
    await chmod(join(directory, 'v1'), 0o500);
    const error = await caught(openStore());
    await chmod(join(directory, 'v1'), 0o700);
    expect(codeOf(error)).toBe('startup.directory');
  });
});

test('a text that is no digest never becomes a path', async () => {
  const store = await openStore();
  const evil = 'sha256:../../../../etc/passwd' as Digest;
  expect(await store.open(evil)).toBeUndefined();
  expect(codeOf(await caught(store.delete(evil)))).toBe('request.digest');
  expect(codeOf(await caught(store.create(evil, 1)))).toBe('request.digest');
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
});

test('a disk that refuses is cache.failed, and the promised room is given back', async () => {
  const store = await openStore({ maxBytes: 10, lowWaterBytes: 10 });
  await rm(join(directory, 'v1/tmp'), { recursive: true });
  expect(codeOf(await caught(store.create(a.digest, 10)))).toBe('cache.failed');
  await mkdir(join(directory, 'v1/tmp'));
  await keep(store, a.bytes, a.digest);
  expect(await store.stat(a.digest)).toBe(10);
});

test('the data is on disk before the blob has its name', async () => {
  await openStore();
  const temporary = join(directory, 'v1/tmp/one');
  const path = join(directory, 'v1/blobs/sha256/aa/one');
  const file = await SharedFile.create(temporary);
  const named: boolean[] = [];
  vi.spyOn(file, 'sync').mockImplementation(async () => {
    named.push(
      await stat(path).then(
        () => true,
        () => false,
      ),
    );
  });
  const writer = new FsBlobWriter(file, {
    temporary,
    path,
    size: 10,
    makeRoom: () => Promise.resolve(),
    free: () => Promise.resolve(),
    keep: () => Promise.resolve(),
    gone: () => undefined,
  });
  await writer.write(a.bytes);
  await writer.commit();
  expect(named).toEqual([false]);
  expect(await readFile(path, 'latin1')).toBe('aaaaaaaaaa');
});

test('a commit that fails keeps nothing', async () => {
  const store = await openStore();
  const writer = await store.create(a.digest, 10);
  await writer!.write(a.bytes);
  await writeFile(join(pathOf(a.digest), '..'), 'a file where the folder should be');
  expect(codeOf(await caught(writer!.commit()))).toBe('cache.failed');
  expect(await store.stat(a.digest)).toBeUndefined();
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
});

test('a descriptor is not closed under a read: it would soon be another file’s', async () => {
  await openStore();
  const file = await SharedFile.create(join(directory, 'v1/tmp/one'));
  await file.write(Buffer.from('0123456789'), 0);
  const into = Buffer.alloc(10);
  const read = file.read(into, 0);
  const closed = file.release();
  expect(() => file.hold()).not.toThrow();
  await Promise.all([closed, file.release(), read]);
  expect(into.toString()).toBe('0123456789');
  expect(() => file.hold()).toThrow();
});
