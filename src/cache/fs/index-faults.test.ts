import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, readdir, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobOf, keep, listed, readAll } from '../../../test/contract/blob-store.ts';
import { Database } from '../../disk/sqlite/driver.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { type Digest, hexOf } from '../../oci/digest.ts';
import { closeIndex, openIndex } from '../index/open-index.ts';
import { type FsBlobStore, openCacheForCommand, openFsBlobStore } from './fs-blob-store.ts';

/** What may happen to the index, and to the files behind its back: pulls go on, and nobody gets what nobody hashed. */
let directory: string;
let said: string[];
const now = Date.UTC(2026, 10, 1);
const a = blobOf('aaaaaaaaaa');
const b = blobOf('bbbbbbbbbb');
const openings: FsBlobStore[] = [];
const options = () => ({
  directory,
  now: () => now,
  maxBytes: 1000,
  lowWaterBytes: 800,
  onTrouble: (message: string) => void said.push(message),
});
const openStore = async (over = {}) => {
  const store = await openFsBlobStore({ ...options(), ...over });
  openings.push(store);
  await store.settled();
  return store;
};
const index = () => join(directory, 'v1/index.db');
const pathOf = (digest: Digest) => join(directory, 'v1/blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest));
const caught = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const unchanged = async (store: FsBlobStore, digest: Digest) => {
  const reader = await store.open(digest);
  await reader?.close();
  return reader?.unchanged;
};

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'blobs-')), 'cache');
  said = [];
});
afterEach(async () => {
  for (const store of openings.splice(0)) await store.close().catch(() => undefined);
  await rm(join(directory, '..'), { recursive: true, force: true });
});

async function filled(): Promise<void> {
  const store = await openStore();
  for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
  await store.close();
}

describe('a cache whose index is', () => {
  const whole = async (store: FsBlobStore) => {
    expect(store.usage()).toMatchObject({ blobs: 2, bytes: 20 });
    expect(await unchanged(store, a.digest)).toBe(false);
    expect(await readAll(await store.open(b.digest))).toBe('bbbbbbbbbb');
  };

  test('missing, as in versions before there was one, is found again, and trusted nowhere', async () => {
    await filled();
    for (const name of await readdir(join(directory, 'v1')))
      if (name.startsWith('index.db')) await rm(join(directory, 'v1', name));
    await whole(await openStore());
  });

  test.each([
    ['no database', (file: string) => writeFile(file, 'x'.repeat(9_000))],
    ['cut short', (file: string) => truncate(file, 5_000)],
    ['of another version', (file: string) => alter(file, 'PRAGMA user_version = 9')],
    ['another database', (file: string) => alter(file, 'PRAGMA application_id = 1')],
    ['without its sums', (file: string) => alter(file, 'DELETE FROM totals')],
    ['without its table', (file: string) => alter(file, 'DROP TABLE blob')],
    ['a folder with nothing in it', (file: string) => rm(file).then(() => mkdir(file))],
  ])('%s is started over, and said', async (_, damage) => {
    await filled();
    await damage(index());
    const store = await openStore();
    await whole(store);
    expect(said).toEqual([expect.stringMatching(/index\.db (?:was started over|cannot be kept) \(/)]);
  });

  test('damaged while it is open is started over when that is met', async () => {
    await filled();
    const store = await openStore();
    const other = new Database(index());
    other.exec('DROP TRIGGER blob_went; DROP TRIGGER blob_came; DROP TABLE totals');
    other.close();
    expect(await store.stat(a.digest)).toBe(10);
    expect(store.usedBytes).toBe(0);
    await store.settled();
    await whole(store);
    expect(said.join()).toContain('started over');
  });

  function alter(file: string, sql: string): Promise<void> {
    const db = new Database(file);
    db.exec(sql);
    db.close();
    return Promise.resolve();
  }
});

describe('after the machine went down', () => {
  const close = (user: 'serve' | 'command', boot: string) => {
    const { db, table } = openIndex(index(), user, boot);
    const { blobs } = table.totals();
    closeIndex(db, user);
    return blobs;
  };

  test('what was written without waiting for the disk is not believed; what was closed is', async () => {
    await filled();
    expect(close('serve', 'first')).toBe(2);
    expect(close('serve', 'second')).toBe(2);
    const running = openIndex(index(), 'serve', 'second');
    expect(running.db.pragma('synchronous', { simple: true })).toBe(0);
    expect(() => openIndex(index(), 'command', 'third')).toThrow(/went down/);
    running.db.close();
    // Killed, and the machine stayed up.
    const again = openIndex(index(), 'serve', 'second');
    expect([again.trouble, again.table.totals().blobs]).toEqual([undefined, 2]);
    again.db.close();
    const after = openIndex(index(), 'serve', 'third');
    expect([after.trouble, after.table.totals().blobs]).toEqual([expect.stringContaining('went down'), 0]);
    after.db.close();
  });

  test('where no start of the machine has an id every write is synced', async () => {
    await filled();
    const { db } = openIndex(index(), 'serve', '');
    expect(db.pragma('synchronous', { simple: true })).toBe(1);
    db.close();
  });

  test('a command syncs, and leaves the mark of the server alone', async () => {
    await filled();
    const serving = openIndex(index(), 'serve', 'first');
    const { db } = openIndex(index(), 'command', 'first');
    expect(db.pragma('synchronous', { simple: true })).toBe(1);
    closeIndex(db, 'command');
    expect(serving.db.prepare('SELECT clean FROM totals').pluck().get()).toBe(0);
    closeIndex(serving.db, 'serve');
  });
});

describe('files and rows that parted', () => {
  test('a row that a crash took: the file is there, and is hashed before anybody gets it', async () => {
    await filled();
    alterRows('DELETE FROM blob');
    const store = await openStore();
    expect(await unchanged(store, a.digest)).toBe(false);
    expect(store.usage().blobs).toBe(2);
  });

  test('a file that is asked for before it was found is found then', async () => {
    await filled();
    alterRows('DELETE FROM blob');
    const store = await openFsBlobStore(options());
    openings.push(store);
    expect(await store.stat(b.digest)).toBe(10);
    expect(await store.stat(blobOf('nowhere').digest)).toBeUndefined();
    expect(await unchanged(store, a.digest)).toBe(false);
  });

  test('a row whose file is gone is dropped, by the look through the folder too', async () => {
    await filled();
    await rm(pathOf(a.digest));
    const store = await openStore();
    expect(await listed(store)).toEqual([{ digest: b.digest, size: 10 }]);
    expect(store.usedBytes).toBe(10);
  });

  test('a copy of a file, with the same times, is not the file', async () => {
    await filled();
    const { atime, mtime } = await stat(pathOf(a.digest));
    await cp(pathOf(a.digest), `${pathOf(a.digest)}.copy`);
    await rename(`${pathOf(a.digest)}.copy`, pathOf(a.digest));
    await utimes(pathOf(a.digest), atime, mtime);
    const store = await openStore();
    expect([await unchanged(store, a.digest), await unchanged(store, b.digest)]).toEqual([false, true]);
  });

  test('what changed while it was hashed is not vouched for', async () => {
    await filled();
    await utimes(pathOf(a.digest), 1, 1);
    const store = await openStore();
    const reader = await store.open(a.digest);
    await writeFile(pathOf(a.digest), 'AAAAAAAAAA');
    await reader!.vouch();
    expect(reader!.unchanged).toBe(false);
    await reader!.close();
    expect(await unchanged(store, a.digest)).toBe(false);
  });

  function alterRows(sql: string): void {
    const db = new Database(index());
    db.exec(sql);
    db.close();
  }
});

test('the sums are those of du', async () => {
  const store = await openStore({ maxBytes: 1e9, lowWaterBytes: 1e9 });
  for (const size of [0, 1, 4_096, 100_000, 5_000_000]) {
    const blob = blobOf('x'.repeat(size));
    await keep(store, blob.bytes, blob.digest);
  }
  const blobs = join(directory, 'v1/blobs');
  const du = (...flags: string[]) => {
    const list = execFileSync('find', [blobs, '-type', 'f', '-print0']);
    const total = execFileSync('du', ['-c', ...flags, '--files0-from=-'], { input: list, encoding: 'utf8' });
    return Number(/(\d+)\ttotal\n$/.exec(total)?.[1]);
  };
  const { bytes, allocated } = store.usage();
  expect(bytes).toBe(du('--apparent-size', '--block-size=1'));
  expect(allocated).toBe(du('--block-size=1'));
  expect(bytes).toBe(5_104_097);
});

describe('a cache folder that', () => {
  test('was removed while the gate runs: misses, and cache.failed for what is to be kept', async () => {
    await filled();
    const store = await openStore();
    await rm(directory, { recursive: true });
    expect(await store.open(a.digest)).toBeUndefined();
    const error = await caught(store.create(b.digest, 10));
    expect([codeOf(error), messageOf(error)]).toEqual([
      'cache.failed',
      expect.stringContaining('Pulls go on uncached'),
    ]);
    await store.delete(b.digest);
    expect(store.usedBytes).toBe(0);
  });

  test('cannot take the row of a blob does not keep it: what is not counted would have no limit', async () => {
    const store = await openStore();
    const other = new Database(index());
    other.exec("CREATE TRIGGER full BEFORE INSERT ON blob BEGIN SELECT raise(ABORT, 'disk full'); END");
    const error = await caught(keep(store, a.bytes, a.digest));
    expect([codeOf(error), messageOf(error)]).toEqual([
      'cache.failed',
      expect.stringMatching(/cannot enter a blob in its index .*disk full.*Pulls go on uncached/),
    ]);
    expect(existsSync(pathOf(a.digest))).toBe(false);
    other.exec('DROP TRIGGER full');
    other.close();
    await keep(store, a.bytes, a.digest);
    expect(await store.stat(a.digest)).toBe(10);
  });

  test('cannot take a row away evicts the file first: that makes room for the row', async () => {
    const store = await openStore({ maxBytes: 20, lowWaterBytes: 20 });
    for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
    const other = new Database(index());
    other.exec("CREATE TRIGGER full BEFORE DELETE ON blob BEGIN SELECT raise(ABORT, 'disk full'); END");
    const c = blobOf('cccccccccc');
    const writer = await store.create(c.digest, 10);
    expect(codeOf(await caught(writer!.write(c.bytes)))).toBe('cache.failed');
    await writer!.abort();
    expect(existsSync(pathOf(a.digest))).toBe(false);
    other.exec('DROP TRIGGER full');
    other.close();
    expect(await store.open(a.digest)).toBeUndefined();
    await keep(store, c.bytes, c.digest);
    expect(store.usedBytes).toBe(20);
  });
});

test('while another process writes, nobody waits on the event loop, and nothing is lost', async () => {
  const store = await openStore();
  const other = new Database(index());
  other.exec('BEGIN IMMEDIATE');
  let kept = false;
  const keeping = keep(store, a.bytes, a.digest).then(() => (kept = true));
  while (!existsSync(pathOf(a.digest))) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect([kept, await store.stat(a.digest)]).toEqual([false, undefined]);
  other.exec('COMMIT');
  other.close();
  await keeping;
  expect(await store.stat(a.digest)).toBe(10);
});

describe('quarantine', () => {
  test('keeps the newest sixteen', async () => {
    let at = now;
    const store = await openStore({ now: () => (at += 1_000) });
    for (let i = 0; i < 18; i++) {
      const blob = blobOf(`${i}`);
      await keep(store, blob.bytes, blob.digest);
      await store.quarantine(blob.digest);
    }
    const names = await readdir(join(directory, 'v1/quarantine'));
    expect(names).toHaveLength(16);
    expect(names.join()).not.toContain(hexOf(blobOf('1').digest));
    expect(names.join()).toContain(hexOf(blobOf('17').digest));
    expect(store.usage().quarantined).toEqual({ files: 16, bytes: 24 });
  });

  test('keeps no more than a GiB', async () => {
    const store = await openStore();
    for (const blob of [a, b]) {
      await keep(store, blob.bytes, blob.digest);
      const file = await open(pathOf(blob.digest), 'r+');
      await file.truncate(700 * 2 ** 20);
      await file.close();
      expect(await store.open(blob.digest)).toBeUndefined();
    }
    expect(store.usage().quarantined).toEqual({ files: 1, bytes: 700 * 2 ** 20 });
  });
});

describe('a command', () => {
  test('beside a server sees what it keeps, and the server what it removes', async () => {
    const store = await openStore();
    await keep(store, a.bytes, a.digest);
    const beside = await openCacheForCommand(options(), false);
    expect(await listed(beside)).toHaveLength(1);
    const reader = await store.open(a.digest);
    await beside.delete(a.digest);
    await beside.close();
    expect([await store.stat(a.digest), store.usedBytes]).toEqual([undefined, 0]);
    expect(await readAll(reader)).toBe('aaaaaaaaaa');
  });

  test('beside a server starts no index over; alone it does', async () => {
    await filled();
    await writeFile(index(), 'x'.repeat(9_000));
    const error = await caught(openCacheForCommand(options(), false));
    expect([codeOf(error), messageOf(error)]).toEqual(['cache.failed', expect.stringContaining('start the gate anew')]);
    const alone = await openCacheForCommand(options(), true);
    expect(await alone.reconcile()).toEqual({ adopted: 2, dropped: 0 });
    await alone.close();
  });
});
