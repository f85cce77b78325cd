import { afterEach, beforeEach, expect, test } from 'vitest';
import { answering, down, SimulatedSource } from '../simulator/simulated-source.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore, TrustStore } from '../state/store.ts';
import { ask } from './ask.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { nodeCrypto } from './crypto.ts';
import type { TrustEvent } from './trust-event.ts';
import { findTarget, type View } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/** What searches load of a TUF 1.0 repository, and what its collection does with it. */
const NOW = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;
const one = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };

let repository: TufRepository;
let source: SimulatedSource;
let state: StateStore;
let clock: number;
let events: TrustEvent[];
beforeEach(() => {
  repository = new TufRepository(NOW)
    .delegate('owner', { paths: ['app:*'] })
    .put('app:1', one, 'owner')
    .publish();
  source = new SimulatedSource(repository);
  state = openSqliteStore(':memory:');
  clock = NOW;
  events = [];
});
afterEach(async () => await state.close());

async function open(over: Partial<CollectionOptions> = {}): Promise<Collection> {
  const anchor = { kind: 'root-file', bytes: repository.at('root', 1) } as const;
  const ctx = { format: tufFormat, gun: 'approvals', anchor, crypto: nodeCrypto };
  return await Collection.open(
    { source: 'approvals', gun: '*', ctx, metadata: source },
    {
      store: state,
      checkEveryMs: MINUTE,
      staleIfUnreachableMs: 'until_expiry',
      maxBytes: 64 << 20,
      now: () => clock,
      on: (event) => events.push(event),
      ...over,
    },
  );
}

async function search(collection: Collection): Promise<string> {
  const { verdict } = await ask(collection, { kind: 'target', target: 'app:1' });
  return verdict.outcome === 'signed' ? 'signed' : verdict.reason;
}

test('what a search has loaded is part of the view, and need not be loaded by the next start', async () => {
  const collection = await open();
  expect(await search(collection)).toBe('signed');
  const { view } = collection.known()!;
  expect([...view.targets.keys()]).toEqual(['targets', 'owner']);
  expect(collection.tracks(view, ['targets', 'owner'])).toBe(true);
  source.instead.set('1.owner', down);
  expect(await search(await open())).toBe('signed');
});

test('what a search refuses is for somebody to look at', async () => {
  const collection = await open();
  await collection.current();
  source.instead.set('1.owner', answering(repository.at('targets')));
  expect(await search(collection)).toBe('trust.signature');
  expect(events).toContainEqual(expect.objectContaining({ kind: 'alarm' }));
});

test('the deadline of a load runs by the timers that were handed in', async () => {
  const schedule: CollectionOptions['schedule'] = (task, ms) => {
    if (ms === 30_000) task();
    return () => undefined;
  };
  expect(await search(await open({ schedule }))).toBe('trust.unreachable');
});

test('what has ended answers no search, although the source is away', async () => {
  const collection = await open();
  expect(await search(collection)).toBe('signed');
  source.instead.set('*', down);
  clock = repository.of('timestamp').expires - 1;
  expect(await search(collection)).toBe('signed');
  clock += 5_000;
  expect(await search(collection)).toBe('trust.unreachable');
});

test('a search goes on while its collection, which an operator made forget, begins anew', async () => {
  let begin = (): Promise<unknown> => Promise.resolve();
  const raiseClock: TrustStore['raiseClock'] = async (now) => (await begin(), await state.raiseClock(now));
  const collection = await open({ store: Object.create(state, { raiseClock: { value: raiseClock } }) as StateStore });
  const { view } = await collection.current();
  await state.forgetTrust({ source: 'approvals', gun: '*' });
  repository.touch('targets').publish();
  const loaded: View[] = [];
  begin = async () => {
    const step = findTarget(collection.ctx, view, 'app:1', clock);
    if (collection.said() === undefined && step.kind !== 'found')
      loaded.push(await collection.withDelegated(view, step));
  };
  clock += MINUTE;
  await collection.current();
  expect(loaded.map(({ targets }) => targets.has('owner'))).toEqual([true]);
});
