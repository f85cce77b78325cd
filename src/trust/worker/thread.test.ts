import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { contextOf } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { SimulatedSource } from '../../simulator/simulated-source.ts';
import { codeOf, TufgateError } from '../../errors.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import type { Opened } from '../collection.ts';
import type { MetadataSource } from '../metadata-source.ts';
import type { TrustEvent } from '../trust-event.ts';
import { TrustThread } from './thread.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const WORKER = new URL('../../../test/contract/trust-worker.js', import.meta.url);
const asked = { kind: 'tag', tag: '1', releases: 'strict' } as const;

let folder: string;
let repository: NotaryRepository;
let thread: TrustThread;
let deaths: string[];
let events: TrustEvent[];
let source: MetadataSource;
let clock: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-thread-'));
  repository = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  deaths = [];
  events = [];
  clock = NOW;
  source = {
    fetch: async (file) => (await new SimulatedSource(repository).fetch(file, Infinity))?.map(copy),
  };
});
afterEach(async () => {
  vi.useRealTimers();
  await thread.close();
  rmSync(folder, { recursive: true });
});

function open(entry = WORKER) {
  const settings = {
    database: join(folder, 'tufgate.db'),
    checkEveryMs: 60_000,
    staleIfUnreachableMs: 'until_expiry',
    maxBytes: 1 << 20,
  } as const;
  thread = new TrustThread({
    settings,
    now: () => clock,
    on: (event) => events.push(event),
    onDeath: ({ message }) => deaths.push(message),
    entry,
  });
  const opened: Opened = { source: 'vendor', gun: GUN, ctx: contextOf(GUN), metadata: source };
  return thread.open(opened);
}

/** What is handed over is gone here. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** A worker that runs this. */
function script(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

test('questions go there, answers, errors and events come back as what they were', async () => {
  const collection = open();
  const { verdict, basis } = await collection.ask(asked);
  expect(verdict).toMatchObject({ outcome: 'signed', digest: A, roles: ['targets'] });
  expect(basis?.expires.get('timestamp')).toBeGreaterThan(NOW);
  expect(await collection.naming([A as never], '')).toEqual([{ role: 'targets', tag: '1', digest: A }]);
  expect(await collection.names('')).toEqual(['1']);
  expect(events.map(({ kind }) => kind)).toEqual(['first-use', 'changed', 'refreshed']);
  source.fetch = () => Promise.reject(new TufgateError('trust.unreachable', 'down', { detail: { alarm: true } }));
  clock += 60_000;
  await collection.refreshOlderThan(0);
  const [alarm, refreshed] = events.slice(3);
  expect(alarm).toMatchObject({ kind: 'alarm', collection: { source: 'vendor', gun: GUN } });
  expect(alarm?.kind === 'alarm' && alarm.error).toBeInstanceOf(TufgateError);
  expect(refreshed).toMatchObject({ kind: 'refreshed', failure: { code: 'trust.unreachable', message: 'down' } });
});

test('what has more than a quarter of a MiB of metadata lives there, is known, and takes none of the memory here', () => {
  const { bytes, isKnown } = open();
  expect([thread.fromBytes, bytes, isKnown]).toEqual([256 * 1024, 0, true]);
});

test('what cannot be answered comes back as what it was', async () => {
  source.fetch = () => Promise.reject(new TufgateError('trust.unreachable', 'down', { detail: { alarm: true } }));
  const error: unknown = await open()
    .names('')
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TufgateError);
  expect(error).toMatchObject({ code: 'trust.unreachable', message: 'down', detail: { alarm: true } });
});

test('what it verified is in the database of the thread that serves', async () => {
  const store = openSqliteStore(join(folder, 'tufgate.db'));
  await open().ask(asked);
  expect((await store.loadTrust({ source: 'vendor', gun: GUN }))?.view).toHaveLength(3);
  await store.close();
});

test('a fetch that nobody waits for any more is broken off', async () => {
  let signal: AbortSignal | undefined;
  const begun = new Promise<void>((resolve) => {
    source.fetch = (_, __, given) => {
      signal = given;
      resolve();
      return new Promise((___, reject) => given?.addEventListener('abort', () => reject(new Error('broken off'))));
    };
  });
  const answer = open().ask(asked).catch(codeOf);
  await begun;
  await thread.close();
  expect(await answer).toBe('internal');
  expect(signal?.aborted).toBe(true);
  expect(deaths).toEqual([]);
});

test('nor does one go on that the worker gives up', async () => {
  source.fetch = (_, __, signal) =>
    new Promise((___, reject) => signal?.addEventListener('abort', () => reject(new Error('broken off'))));
  const text = `import { parentPort } from 'node:worker_threads';
    let asked;
    parentPort.on('message', ({ kind, id, opened, error }) => {
      if (kind === 'close') return parentPort.close();
      if (kind === 'no-file') return parentPort.postMessage({ kind: 'reply', id: asked, reply: [error.message] });
      asked = id;
      const collection = opened.source + '\\n' + opened.gun;
      parentPort.postMessage({ kind: 'fetch', id: 7, collection, file: { kind: 'timestamp' }, maxBytes: 9 });
      parentPort.postMessage({ kind: 'abandon', id: 7 });
    });`;
  expect(await open(script(text)).names('')).toEqual(['broken off']);
});

test('one that dies is started again, and what waited is asked once more', async () => {
  const text = `import { existsSync, writeFileSync } from 'node:fs';
    import { parentPort, workerData } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id }) => {
      if (kind === 'close') return parentPort.close();
      const mark = workerData.database + '.mark';
      if (existsSync(mark)) return parentPort.postMessage({ kind: 'reply', id, reply: ['second'] });
      writeFileSync(mark, '');
      process.exit(1);
    });`;
  expect(await open(script(text)).names('')).toEqual(['second']);
  expect(deaths).toHaveLength(1);
});

test('a question that ends it twice is answered with a fault of our own, and the next one is asked anew', async () => {
  const text = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id, request }) => {
      if (kind === 'close') return parentPort.close();
      if (request.prefix === 'poison') throw new Error('out of memory');
      parentPort.postMessage({ kind: 'reply', id, reply: ['fine'] });
    });`;
  const collection = open(script(text));
  const refused = expect(collection.names('poison')).rejects;
  await refused.toMatchObject({ code: 'internal', message: expect.stringContaining('out of memory') as string });
  expect(deaths).toHaveLength(2);
  expect(await collection.names('')).toEqual(['fine']);
});

test('one that is closed is told to, so that it can close its database', async () => {
  const text = `import { writeFileSync } from 'node:fs';
    import { parentPort, workerData } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id }) => {
      if (kind === 'request') return parentPort.postMessage({ kind: 'reply', id, reply: [] });
      writeFileSync(workerData.database, kind);
      parentPort.close();
    });`;
  await open(script(text)).names('');
  await thread.close();
  expect(readFileSync(join(folder, 'tufgate.db'), 'utf8')).toBe('close');
});

test('one that does not end when it is told to is ended after two seconds', async () => {
  const text = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id }) => kind === 'request' && parentPort.postMessage({ kind: 'reply', id, reply: [] }));`;
  await open(script(text)).names('');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const closed = thread.close();
  vi.advanceTimersByTime(2_000);
  await closed;
  expect(deaths).toEqual([]);
});

test('one that is closed asks nothing any more', async () => {
  const collection = open();
  await thread.close();
  await expect(collection.names('')).rejects.toMatchObject({ code: 'internal' });
});
