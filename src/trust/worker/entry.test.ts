import { on, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { contextOf } from '../../simulator/notary-refresh.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { type FromWorker, plainOpened, type ToWorker } from './messages.ts';

/** What begins the worker thread, on this thread: the other side is the other end of a channel. */
const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const opened = plainOpened({
  source: 'vendor',
  gun: GUN,
  ctx: contextOf(GUN),
  metadata: { fetch: () => Promise.resolve(undefined) },
});

let folder: string;
let database: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-entry-'));
  database = join(folder, 'tufgate.db');
});
afterEach(() => {
  vi.doUnmock('node:worker_threads');
  rmSync(folder, { recursive: true });
});

async function begin(parentPort: MessagePort | null): Promise<void> {
  const settings = { database, checkEveryMs: 60_000, staleIfUnreachableMs: 'until_expiry', maxBytes: 1 << 20 };
  vi.resetModules();
  vi.doMock('node:worker_threads', () => ({ parentPort, workerData: settings }));
  await import('./entry.ts');
}

test('answers what it is asked, and ends once it is told to close', async () => {
  const { port1, port2 } = new MessageChannel();
  await begin(port2);
  const put = (message: ToWorker): void => port1.postMessage(message);
  const said = on(port1, 'message');
  const next = async (): Promise<FromWorker> => ((await said.next()).value as [FromWorker])[0];
  put({ kind: 'request', id: 1, now: NOW, opened, request: { kind: 'names', prefix: '' } });
  expect(await next()).toMatchObject({ kind: 'fetch', id: 0, file: { kind: 'newest-root' } });
  put({ kind: 'file', id: 0, now: NOW, pieces: undefined });
  expect(await next()).toMatchObject({ kind: 'event', event: { event: { kind: 'refreshed', outcome: 'failed' } } });
  expect(await next()).toMatchObject({ kind: 'error', id: 1, error: { code: 'trust.unsigned' } });
  const store = openSqliteStore(database);
  expect(await store.highestClock()).toBe(NOW);
  await store.close();
  put({ kind: 'close' });
  await once(port1, 'close');
});

test('is nothing to begin with elsewhere', async () => {
  await expect(begin(null)).rejects.toMatchObject({ code: 'internal' });
});
