import { afterEach, beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { parseDigest } from '../../oci/digest.ts';
import { contextOf } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { down, SimulatedSource } from '../../simulator/simulated-source.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import type { StateStore } from '../../state/store.ts';
import { collectionKey } from '../collection-name.ts';
import { nodeCrypto } from '../crypto.ts';
import type { TrustContext } from '../tuf/collection.ts';
import { tufFormat } from '../tuf/format/tuf.ts';
import { Desk } from './desk.ts';
import { type FromWorker, type PlainOpened, plainOpened, type Request, type WorkerSettings } from './messages.ts';
import { plainError } from './plain-error.ts';

/** The worker's side, on this thread: the other side is these messages. */
const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const settings: WorkerSettings = {
  database: 'nobody reads it',
  checkEveryMs: 60_000,
  staleIfUnreachableMs: 'until_expiry',
  maxBytes: 64 << 20,
};

let state: StateStore;
let source: SimulatedSource;
let posted: FromWorker[];
let desk: Desk;
let clock: number;
beforeEach(() => {
  state = openSqliteStore(':memory:');
  source = new SimulatedSource(new NotaryRepository(GUN, NOW).sign('1', A, 1).publish());
  posted = [];
  clock = NOW;
  desk = new Desk(state, settings, post);
});
afterEach(async () => await state.close());

function post(message: FromWorker): void {
  posted.push(message);
  if (message.kind === 'fetch') void serve(message);
}

/** What the main thread does. */
async function serve({ id, file, maxBytes }: Extract<FromWorker, { kind: 'fetch' }>): Promise<void> {
  try {
    const pieces = await source.fetch(file, maxBytes);
    await desk.take({ kind: 'file', id, now: clock, pieces });
  } catch (error) {
    await desk.take({ kind: 'no-file', id, now: clock, error: plainError(error) });
  }
}

function opened(ctx: TrustContext = contextOf(GUN)): PlainOpened {
  return plainOpened({ source: 'vendor', gun: GUN, ctx, metadata: source });
}

async function put(request: Request, of = opened()): Promise<FromWorker | undefined> {
  await desk.take({ kind: 'request', id: 4, now: clock, opened: of, request });
  return posted.at(-1);
}

const tag = { kind: 'ask', question: { kind: 'tag', tag: '1', releases: 'strict' } } as const;

test('each kind of request has its own kind of reply', async () => {
  const answer = await put(tag);
  expect(answer).toMatchObject({ kind: 'reply', id: 4, reply: { verdict: { outcome: 'signed', digest: A } } });
  const named = [{ role: 'targets', tag: '1', digest: A }];
  expect(await put({ kind: 'naming', digests: [A], prefix: '' })).toEqual({ kind: 'reply', id: 4, reply: named });
  expect(await put({ kind: 'names', prefix: '' })).toEqual({ kind: 'reply', id: 4, reply: ['1'] });
  expect(await put({ kind: 'names', prefix: '2' })).toEqual({ kind: 'reply', id: 4, reply: [] });
  source.take();
  clock += 10_000;
  expect(await put({ kind: 'refresh', olderThanMs: 10_000 })).toEqual({ kind: 'reply', id: 4, reply: undefined });
  expect(source.asked).toEqual(['2.root', 'timestamp']);
});

test('files are asked for of the thread that has the connections, by the name of the collection', async () => {
  await put(tag);
  const fetched = posted.flatMap((message) => (message.kind === 'fetch' ? [message] : []));
  expect(new Set(fetched.map(({ collection }) => collection))).toEqual(new Set([collectionKey(opened())]));
  expect(collectionKey(opened())).toBe(`vendor\n${GUN}`);
  expect(fetched.map(({ file }) => file.kind).slice(0, 3)).toEqual(['newest-root', 'root', 'timestamp']);
});

test('what happens is told as it travels', async () => {
  await put(tag);
  const events = posted.flatMap((message) => (message.kind === 'event' ? [message.event] : []));
  expect(events.map(({ event }) => event.kind)).toEqual(['first-use', 'changed', 'refreshed']);
  expect(structuredClone(events)).toEqual(events);
});

test('errors are told as they travel', async () => {
  source.instead.set('*', down);
  const refused = await put({ kind: 'names', prefix: '' });
  const error = { code: 'trust.unreachable', message: 'connect ECONNREFUSED', detail: {} };
  expect(refused).toEqual({ kind: 'error', id: 4, error });
});

test('the clock is the one of the thread that asks', async () => {
  await put(tag);
  source.take();
  clock += 60_000;
  await put({ kind: 'names', prefix: '' });
  expect(source.take()).toEqual(['2.root', 'timestamp']);
  expect(await state.highestClock()).toBe(clock);
});

test('a collection of TUF 1.0 is read as one', async () => {
  const made = new TufRepository(NOW).put('app:1', { digest: A, length: 1 }).publish();
  source = new SimulatedSource(made);
  const anchor = { kind: 'root-file', bytes: made.at('root', 1) } as const;
  const plain = opened({ format: tufFormat, gun: 'approvals', anchor, crypto: nodeCrypto });
  expect(plain).toEqual({ source: 'vendor', gun: GUN, format: 'tuf', name: 'approvals', anchor });
  expect(await put({ kind: 'names', prefix: '' }, plain)).toEqual({ kind: 'reply', id: 4, reply: ['app:1'] });
});

test('a database that fails is an error of this question', async () => {
  const loadTrust = (): Promise<never> => Promise.reject(new TufgateError('state.failed', 'disk'));
  desk = new Desk(Object.create(state, { loadTrust: { value: loadTrust } }) as StateStore, settings, post);
  const answer = await put(tag);
  expect(answer?.kind === 'error' && answer.error.code).toBe('state.failed');
});
