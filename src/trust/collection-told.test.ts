import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { plainKey } from '../simulator/notary-key.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { ask } from './ask.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { nodeCrypto } from './crypto.ts';
import { Outgrown } from './outgrown.ts';
import type { TrustEvent } from './trust-event.ts';
import type { TrustContext } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/** When a collection asks its source, and what those who watch are told. */
const NOW = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;

let source: SimulatedSource;
let state: StateStore;
let clock: number;
let events: TrustEvent[];
beforeEach(() => {
  state = openSqliteStore(':memory:');
  clock = NOW;
  events = [];
});
afterEach(async () => await state.close());

async function open(ctx: TrustContext, over: Partial<CollectionOptions> = {}): Promise<Collection> {
  return await Collection.open(
    { source: 'vendor', gun: GUN, ctx, metadata: source },
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

async function notary(over: Partial<CollectionOptions> = {}) {
  const made = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  source = new SimulatedSource(made);
  return { made, collection: await open(contextOf(GUN), over) };
}

async function tuf(make: (made: TufRepository) => TufRepository = (made) => made) {
  const made = make(new TufRepository(NOW)).publish();
  source = new SimulatedSource(made);
  const anchor = { kind: 'root-file', bytes: made.at('root', 1) } as const;
  return { made, collection: await open({ format: tufFormat, gun: 'approvals', anchor, crypto: nodeCrypto }) };
}

const told = (): TrustEvent[] => events.splice(0);
const alarms = (): string[] => told().flatMap((event) => (event.kind === 'alarm' ? [event.error.code] : []));
const refused = (collection: Collection): Promise<string> => collection.current().then(() => 'served', codeOf);

describe('the source is asked', () => {
  test('when the last word is a check_every old, and no sooner', async () => {
    const { collection } = await notary();
    expect((await collection.current()).checkedAt).toBe(NOW);
    source.take();
    clock += MINUTE - 1;
    expect(await collection.current()).not.toHaveProperty('failure');
    expect(source.take()).toEqual([]);
    clock += 1;
    expect((await collection.current()).checkedAt).toBe(clock);
    expect(source.take()).toEqual(['2.root', 'timestamp']);
  });

  test('no sooner although nothing stale may serve', async () => {
    const { collection } = await notary({ staleIfUnreachableMs: 0 });
    await collection.current();
    source.take();
    clock += MINUTE - 1;
    expect(await collection.current()).not.toHaveProperty('failure');
    expect(source.asked).toEqual([]);
  });

  test('and what it confirms is the very view that was held', async () => {
    const { collection } = await notary();
    const { view } = await collection.current();
    clock += MINUTE;
    const confirmed = await collection.current();
    expect(confirmed.checkedAt).toBe(clock);
    expect(confirmed.view.targets).toBe(view.targets);
  });

  test('once in five seconds however often it fails', async () => {
    const { collection } = await notary();
    source.instead.set('*', down);
    expect(await refused(collection)).toBe('trust.unreachable');
    clock += 4_999;
    expect(await refused(collection)).toBe('trust.unreachable');
    expect(source.take()).toEqual(['root']);
    clock += 1;
    await refused(collection);
    expect(source.take()).toEqual(['root']);
  });

  test('before somebody asks only where there is a view, that is not withdrawn, and is old enough', async () => {
    const { collection } = await notary();
    await collection.refreshOlderThan(0);
    expect(source.take()).toEqual([]);
    await collection.current();
    source.take();
    clock += 10_000;
    await collection.refreshOlderThan(10_001);
    expect(source.take()).toEqual([]);
    source.instead.set('*', gone);
    await collection.refreshOlderThan(10_000);
    expect(source.take()).toEqual(['2.root', 'timestamp']);
    clock += MINUTE;
    await collection.refreshOlderThan(0);
    expect(source.take()).toEqual([]);
  });

  test('before somebody asks, and what comes of it is not thrown', async () => {
    const store = Object.create(state) as StateStore;
    const { collection } = await notary({ store });
    await collection.current();
    Object.defineProperty(store, 'raiseClock', { value: () => Promise.reject(new TufgateError('state.failed', '')) });
    clock += MINUTE;
    await collection.refreshOlderThan(0);
    expect((await collection.current()).failure?.code).toBe('state.failed');
  });
});

describe('a view that cannot be confirmed', () => {
  test('serves for as long as the configuration says', async () => {
    const { collection } = await notary({ staleIfUnreachableMs: 5 * MINUTE });
    await collection.current();
    source.instead.set('*', down);
    clock += 5 * MINUTE;
    expect((await collection.current()).failure?.code).toBe('trust.unreachable');
    clock += 1;
    expect(await refused(collection)).toBe('trust.unreachable');
  });

  test('is known to those who do not ask the source', async () => {
    const { collection } = await notary();
    expect(collection.known()).toBeUndefined();
    const { view, checkedAt } = await collection.current();
    expect(collection.known()).toEqual({ view, checkedAt });
    source.instead.set('*', gone);
    await collection.again().catch(() => undefined);
    clock += MINUTE;
    await refused(collection);
    expect(() => collection.known()).toThrow('no longer has the trust data');
  });
});

test('what a view named is known also when it may not serve any more', async () => {
  const { made, collection } = await notary();
  const named = (): string[] | undefined => collection.said() && [...collection.said()!.targets.keys()];
  expect(named()).toBeUndefined();
  await collection.current();
  expect(named()).toEqual(['targets']);
  made.rotate('targets').publish();
  source.instead.set('timestamp', down);
  clock += MINUTE;
  expect(await refused(collection)).toBe('trust.unreachable');
  expect(named()).toEqual(['targets']);
});

describe('those who watch are told', () => {
  const collection = expect.objectContaining({ source: 'vendor', gun: GUN }) as unknown;

  test('of the first use and its keys, what changed, and how the update ended', async () => {
    const { made, collection: opened } = await notary();
    await opened.current();
    const keys = made.of('root').keys.map(({ keyId }) => keyId);
    const tags = { new: 1, moved: 0, removed: 0 };
    const [first, changed, refreshed] = told();
    expect(first).toEqual({ kind: 'first-use', collection, keys });
    expect(changed).toEqual({ kind: 'changed', collection, tags, newSigners: [], rootVersion: 1, rootChanged: false });
    expect(refreshed).toMatchObject({ kind: 'refreshed', collection, outcome: 'changed', ms: 0 });
    expect(refreshed?.kind === 'refreshed' && refreshed.ends?.get('targets')).toBe(made.of('targets').expires);
    expect(refreshed).not.toHaveProperty('failure');
  });

  test('of a confirmation, which changed nothing', async () => {
    const { collection: opened } = await notary();
    await opened.current();
    told();
    clock += MINUTE;
    await opened.current();
    expect(told()).toMatchObject([{ kind: 'refreshed', outcome: 'unchanged' }]);
  });

  test('of tags that are new, moved and removed, new signers and a new root', async () => {
    const { made, collection: opened } = await notary();
    made.sign('2', A, 1).sign('3', A, 1).publish();
    await opened.current();
    told();
    const key = plainKey();
    made.rotate('targets', [key]).sign('1', B, 1).revoke('2').revoke('3').sign('4', A, 1).sign('5', A, 1).publish();
    clock += MINUTE;
    await opened.current();
    const changed = told().find(({ kind }) => kind === 'changed');
    expect(changed).toMatchObject({ tags: { new: 2, moved: 1, removed: 2 }, rootVersion: 2, rootChanged: true });
    expect(changed).toHaveProperty('newSigners', [key.keyId]);
  });

  test('of a change under the same root, which is no first use', async () => {
    const { made, collection: opened } = await notary();
    await opened.current();
    told();
    made.sign('2', A, 1).publish();
    clock += MINUTE;
    await opened.current();
    const [changed, ...rest] = told();
    const tags = { new: 1, moved: 0, removed: 0 };
    expect(changed).toEqual({ kind: 'changed', collection, tags, newSigners: [], rootVersion: 1, rootChanged: false });
    expect(rest.map(({ kind }) => kind)).toEqual(['refreshed']);
  });

  test('of no first use when a view was lost and another came', async () => {
    const { made, collection: opened } = await notary();
    await opened.current();
    made.rotate('targets').publish();
    source.instead.set('timestamp', down);
    clock += MINUTE;
    expect(await refused(opened)).toBe('trust.unreachable');
    source.instead.clear();
    told();
    clock += MINUTE;
    await opened.current();
    expect(told().map(({ kind }) => kind)).toEqual(['changed', 'refreshed']);
  });

  test('of the tags of a delegation that is no more', async () => {
    const { made, collection: opened } = await notary();
    made.delegate('targets/qa').sign('q', A, 1, 'targets/qa').publish();
    await opened.current();
    told();
    made.undelegate('targets/qa').publish();
    clock += MINUTE;
    await opened.current();
    expect(told()).toMatchObject([{ tags: { new: 0, moved: 0, removed: 1 } }, { kind: 'refreshed' }]);
  });

  test('how long an update took', async () => {
    const { collection: opened } = await notary();
    source.instead.set('root', () => ((clock += 250), down()));
    await refused(opened);
    expect(told()).toMatchObject([{ outcome: 'failed', ms: 250, failure: { code: 'trust.unreachable' } }]);
  });

  test('of first use not where a pin decides', async () => {
    const { collection: opened } = await tuf();
    await opened.current();
    expect(told().map(({ kind }) => kind)).toEqual(['changed', 'refreshed']);
  });

  test('of an outage only how it ended; of a wrong password with an alarm', async () => {
    const { collection: opened } = await notary();
    source.instead.set('*', down);
    await refused(opened);
    expect(alarms()).toEqual([]);
    const detail = { alarm: true };
    source.instead.set('*', () => Promise.reject(new TufgateError('trust.unreachable', '401', { detail })));
    clock += MINUTE;
    await refused(opened);
    expect(alarms()).toEqual(['trust.unreachable']);
  });

  test('of a name that nobody signed without an alarm, and of bytes that are refused with one', async () => {
    const { collection: opened } = await notary();
    source.instead.set('*', gone);
    expect(await refused(opened)).toBe('trust.unsigned');
    expect(alarms()).toEqual([]);
    source.instead.set('*', () => Promise.resolve(Buffer.from('{}')));
    clock += MINUTE;
    expect(await refused(opened)).toBe('trust.malformed');
    expect(alarms()).toEqual(['trust.malformed']);
  });

  test('of a withdrawal once, for as long as it lasts', async () => {
    const { collection: opened } = await notary();
    await opened.current();
    told();
    source.instead.set('*', gone);
    clock += MINUTE;
    expect(await refused(opened)).toBe('trust.withdrawn');
    expect(events.at(-1)).toMatchObject({ kind: 'refreshed', outcome: 'withdrawn' });
    expect(alarms()).toEqual(['trust.withdrawn']);
    clock += MINUTE;
    expect(await refused(opened)).toBe('trust.withdrawn');
    expect(alarms()).toEqual([]);
    source.instead.clear();
    clock += MINUTE;
    expect((await opened.current()).view.gun).toBe(GUN);
  });

  test('of a fault of our own as an alarm, and whoever waits is told too', async () => {
    const { collection: opened } = await notary();
    const cause = new Error('a fault');
    source.instead.set('*', () => Promise.reject(cause));
    await expect(opened.current()).rejects.toMatchObject({ code: 'internal', message: 'a fault', cause });
    expect(alarms()).toEqual(['internal']);
  });
});

describe('a TUF 1.0 repository', () => {
  test('without a timestamp is not withdrawn: something is wrong with it', async () => {
    const { collection } = await tuf();
    await collection.current();
    told();
    source.instead.set('timestamp', gone);
    clock += MINUTE;
    expect((await collection.current()).failure?.code).toBe('trust.unreachable');
    expect(alarms()).toEqual(['trust.unreachable']);
  });

  test('whose root takes the keys of the view away and gives them back goes on with what it had', async () => {
    const { made, collection } = await tuf();
    const { keys } = made.authority('timestamp');
    const { view } = await collection.current();
    made.rotate('timestamp').resign('root').rotate('timestamp', keys).resign('root');
    clock += MINUTE;
    const current = await collection.current();
    expect([current.checkedAt, current.view.root.file.version]).toEqual([clock, 3]);
    expect(current.view.timestamp.file.sha256).toBe(view.timestamp.file.sha256);
  });

  test('that serves two timestamps of one version goes on with the first, and somebody should look', async () => {
    const { made, collection } = await tuf();
    await collection.current();
    told();
    made.forge('timestamp', { edit: (signed) => (signed['x'] = 1) });
    clock += MINUTE;
    expect(await collection.current()).not.toHaveProperty('failure');
    expect(alarms()).toEqual(['trust.equal-version']);
  });

  test('what no search has loaded in the new view ended nowhere', async () => {
    const { made, collection } = await tuf((repository) =>
      repository
        .delegate('owner', { paths: ['app:*'] })
        .put('app:1', { digest: A, length: 1 }, 'owner')
        .put('a', {
          digest: A,
          length: 1,
        }),
    );
    await ask(collection, { kind: 'target', target: 'app:1' });
    told();
    made.remove('a').touch('owner').publish();
    clock += MINUTE;
    await collection.current();
    expect(told().find(({ kind }) => kind === 'changed')).toMatchObject({ tags: { new: 0, moved: 0, removed: 1 } });
    expect([...(await state.removals({ source: 'vendor', gun: GUN }, ['a', 'app:1'])).keys()]).toEqual(['a']);
  });
});

describe('a collection that is too large for this thread', () => {
  test('is said to be when its files are more than that together', async () => {
    const { collection } = await notary();
    await collection.current();
    const exact = await open(collection.ctx, { largeBytes: collection.bytes });
    expect((await exact.current()).view.gun).toBe(GUN);
    const small = await open(collection.ctx, { largeBytes: collection.bytes - 1 });
    await expect(small.current()).rejects.toThrow(new Outgrown(`${GUN} has ${collection.bytes} bytes of metadata`));
  });

  test('is said to be when one of its files is, without an alarm', async () => {
    const { collection } = await notary({ largeBytes: 700 });
    await expect(collection.current()).rejects.toBeInstanceOf(Outgrown);
    await expect(collection.again()).rejects.toBeInstanceOf(Outgrown);
    expect(told()).toEqual([]);
  });
});
