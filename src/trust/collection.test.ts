import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { plainKey, rootKey } from '../simulator/notary-key.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore, TrustStore } from '../state/store.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { Overtaken } from './held-trust.ts';
import type { MetadataSource } from './metadata-source.ts';
import { fileName } from './notary-source.ts';
import type { TrustEvent } from './trust-event.ts';
import { type Anchor, lookup } from './tuf/collection.ts';

const NOW = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;

let repository: NotaryRepository;
let state: StateStore;
let clock: number;
let timers: { task: () => void; due: number }[];
let asked: { name: string; maxBytes: number }[];
let events: TrustEvent[];
/** What the source waits for before every answer. */
let slow: Promise<void>;
/** What the source does instead, by file name without `.json`. */
let instead: Map<string, 'hang' | 'down' | 'gone' | Uint8Array>;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  state = openSqliteStore(':memory:');
  clock = NOW;
  timers = [];
  asked = [];
  events = [];
  instead = new Map();
  slow = Promise.resolve();
});
afterEach(async () => await state.close());

const source: MetadataSource = {
  async fetch(file, maxBytes, signal) {
    const name = fileName(file).replace(/\.json$/, '');
    asked.push({ name, maxBytes });
    await slow;
    const what = instead.get(name) ?? instead.get('*') ?? repository.fetch(name);
    if (what === 'down') throw new TufgateError('trust.unreachable', 'connect ECONNREFUSED 10.0.0.7:4443');
    if (what === 'hang') return await new Promise((_, refuse) => onAbort(signal!, refuse));
    return what === 'gone' || what === undefined ? undefined : [what];
  },
};

function onAbort(signal: AbortSignal, refuse: (error: Error) => void): void {
  signal.addEventListener('abort', () => refuse(signal.reason as Error));
}

function open(anchor: Anchor = pin(), over: Partial<CollectionOptions> = {}, metadata = source): Promise<Collection> {
  return Collection.open(
    { source: 'vendor', gun: GUN, ctx: contextOf(GUN, anchor), metadata },
    {
      store: state,
      checkEveryMs: MINUTE,
      staleIfUnreachableMs: 'until_expiry',
      maxBytes: 64 << 20,
      now: () => clock,
      on: (event) => events.push(event),
      schedule: (task, ms) => {
        const timer = { task, due: clock + ms };
        timers.push(timer);
        return () => (timers = timers.filter((other) => other !== timer));
      },
      ...over,
    },
  );
}

function pin(...more: string[]): Anchor {
  return { kind: 'keys', keyIds: [repository.of('root').keys[0]!.keyId, ...more] };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
};

async function pass(ms: number): Promise<void> {
  clock += ms;
  for (const { task } of timers.filter(({ due }) => due <= clock)) task();
  await turns();
}

/** The digest of tag 1, or the code it is refused with. */
async function answer(collection: Collection): Promise<string> {
  try {
    return lookup((await collection.current()).view, '1', { releases: 'strict' }, clock).digest;
  } catch (error) {
    return codeOf(error);
  }
}

async function settled(work: Promise<string>): Promise<string> {
  await turns();
  return await Promise.race([work, Promise.resolve('waits')]);
}

test('what an update verified is not read back, and is what the next start reads', async () => {
  let loads = 0;
  const store: TrustStore = Object.create(state, {
    loadTrust: { value: (name: never) => ((loads += 1), state.loadTrust(name)) },
  }) as TrustStore;
  const next = rootKey(GUN, NOW);
  const anchor = pin(next.keyId);
  const collection = await open(anchor, { store });
  await answer(collection);
  loads = 0;
  clock += MINUTE;
  expect(await answer(collection)).toBe(A);
  expect((await collection.current()).checkedAt).toBe(clock);
  expect(loads).toBe(0);
  expect((await state.loadTrust({ source: 'vendor', gun: GUN }))?.checkedAt).toBe(clock);
  repository.sign('1', `sha256:${'cc'.repeat(32)}`, 1).publish();
  clock += MINUTE;
  expect(await answer(collection)).not.toBe(A);
  repository.rotate('root', [next]).sign('1', B, 1).publish();
  clock += MINUTE;
  expect(await answer(collection)).toBe(B);
  instead.set('*', 'down');
  clock += MINUTE;
  expect(await answer(collection)).toBe(B);
  expect(loads).toBe(0);
  const again = await open(anchor);
  expect(await answer(again)).toBe(B);
  expect((await again.current()).view.root.model.version).toBe(2);
});

describe('a trust server that hangs', () => {
  test('delays a pull that has a view by two seconds, once, and ends by the deadline of the whole update', async () => {
    const collection = await open();
    expect(await answer(collection)).toBe(A);
    instead.set('*', 'hang');
    clock += 2 * MINUTE;
    const first = answer(collection);
    expect(await settled(first)).toBe('waits');
    await pass(1_999);
    expect(await settled(first)).toBe('waits');
    await pass(1);
    expect(await settled(first)).toBe(A);
    expect(await settled(answer(collection))).toBe(A);
    expect(timers.map(({ due }) => due)).toContain(NOW + 3 * MINUTE);
    await pass(MINUTE);
    expect(timers).toEqual([]);
    const { failure } = await collection.current();
    expect([failure?.code, failure?.message]).toEqual([
      'trust.unreachable',
      `the update of ${GUN} did not end within 60 seconds`,
    ]);
  });

  test('what it says at last is used, although nobody waits for it any more', async () => {
    const collection = await open();
    await answer(collection);
    repository.sign('1', B, 2).publish();
    let release: () => void = () => undefined;
    slow = new Promise((resolve) => (release = resolve));
    clock += 2 * MINUTE;
    const first = answer(collection);
    await pass(2_000);
    expect(await settled(first)).toBe(A);
    release();
    await pass(0);
    expect(await answer(collection)).toBe(B);
  });

  test('keeps the first pull waiting, and one that may not be served what is old', async () => {
    instead.set('*', 'hang');
    const collection = await open(pin(), { staleIfUnreachableMs: MINUTE });
    const first = answer(collection);
    await pass(2_000);
    expect(await settled(first)).toBe('waits');
    await pass(MINUTE);
    expect(await first).toBe('trust.unreachable');
    instead.clear();
    clock += MINUTE;
    expect(await answer(collection)).toBe(A);
    instead.set('*', 'hang');
    clock += 2 * MINUTE;
    const old = answer(collection);
    await pass(2_000);
    expect(await settled(old)).toBe('waits');
    await pass(MINUTE);
    expect(await old).toBe('trust.unreachable');
  });

  test('serves nothing that a root which came before it no longer covers', async () => {
    const collection = await open();
    await answer(collection);
    repository.rotate('targets').publish();
    instead.set('timestamp', 'hang');
    clock += 2 * MINUTE;
    const first = answer(collection);
    expect(await settled(first)).toBe('waits');
    await pass(2_000);
    expect(await settled(first)).toBe('waits');
    expect(await settled(answer(collection))).toBe('waits');
    await pass(MINUTE);
    expect(await first).toBe('trust.unreachable');
    instead.clear();
    await pass(6_000);
    expect(await answer(collection)).toBe(A);
  });

  test('a database that fails behind is told by the next answer, and is no unhandled rejection', async () => {
    const broken = { on: false, loads: 0 };
    const store: TrustStore = Object.create(state, {
      advanceTrust: {
        value: (...step: Parameters<TrustStore['advanceTrust']>) =>
          broken.on ? Promise.resolve('conflict') : state.advanceTrust(...step),
      },
      loadTrust: {
        value: (name: never) =>
          broken.on && ++broken.loads > 1
            ? Promise.reject(new TufgateError('state.failed', 'disk'))
            : state.loadTrust(name),
      },
    }) as TrustStore;
    const collection = await open(pin(), { store });
    await answer(collection);
    let release: () => void = () => undefined;
    slow = new Promise((resolve) => (release = resolve));
    clock += 2 * MINUTE;
    const first = answer(collection);
    await pass(2_000);
    expect(await first).toBe(A);
    broken.on = true;
    release();
    await pass(0);
    expect((await collection.current()).failure?.code).toBe('state.failed');
  });
});

test('a collection that an operator made forget begins anew in a server that still holds it', async () => {
  const collection = await open();
  await answer(collection);
  await state.forgetTrust({ source: 'vendor', gun: GUN });
  repository.sign('1', B, 2).publish();
  clock += MINUTE;
  expect(await answer(collection)).toBe(B);
  expect((await state.loadTrust({ source: 'vendor', gun: GUN }))?.roots).toHaveLength(1);
});

test('a root file may be 1 MiB long, whatever other metadata may be', async () => {
  await answer(await open());
  const roots = asked.filter(({ name }) => name.endsWith('root'));
  expect(roots.map(({ name, maxBytes }) => [name, maxBytes])).toEqual([
    ['root', 1 << 20],
    ['2.root', 1 << 20],
  ]);
});

describe('first use', () => {
  test.each(['root', '1.root'])('one forged %s leaves nothing behind', async (name) => {
    const impostor = new NotaryRepository(GUN, NOW).sign('1', B, 2).publish();
    instead.set(name, impostor.bytesOf('root')).set('root', impostor.bytesOf('root'));
    const collection = await open({ kind: 'first-use' });
    expect(await answer(collection)).not.toBe(A);
    expect(await state.loadTrust({ source: 'vendor', gun: GUN })).toBeUndefined();
    instead.clear();
    await pass(MINUTE);
    expect(await answer(collection)).toBe(A);
    expect(events.filter(({ kind }) => kind === 'first-use')).toHaveLength(1);
    expect(await answer(await open({ kind: 'first-use' }))).toBe(A);
  });

  test('what a pin covers is stored at once', async () => {
    instead.set('timestamp', 'down');
    expect(await answer(await open())).toBe('trust.unreachable');
    expect((await state.loadTrust({ source: 'vendor', gun: GUN }))?.roots).toHaveLength(1);
  });
});

test('a pin narrowed after a half update drops the view, and the next update brings another', async () => {
  const next = rootKey(GUN, NOW);
  const collection = await open(pin(next.keyId));
  await answer(collection);
  repository.rotate('root', [next]).publish();
  instead.set('timestamp', 'down');
  clock += 2 * MINUTE;
  await answer(collection);
  const narrowed = await open({ kind: 'keys', keyIds: [next.keyId] });
  expect(await answer(narrowed)).toBe('trust.unreachable');
  instead.clear();
  clock += MINUTE;
  expect(await answer(narrowed)).toBe(A);
});

test('an unsigned delegation of a lower version keeps nobody from the rest, and says why it is unusable', async () => {
  repository.delegate('targets/qa').sign('1', A, 1, 'targets/qa').publish();
  repository.sign('2', A, 1, 'targets/qa').publish();
  const collection = await open();
  await answer(collection);
  repository.of('targets/qa').version = 0;
  repository.of('targets/qa').signers = [plainKey()];
  repository.sign('1', B, 2).touch('targets/qa').publish();
  clock += 2 * MINUTE;
  expect(await answer(collection)).toBe(B);
  expect(events.filter(({ kind }) => kind === 'alarm')).toEqual([]);
  const signers = { atLeast: 1, of: ['targets/qa'] };
  const asQa = async (from: Collection): Promise<unknown> =>
    lookup((await from.current()).view, '1', { releases: 'strict', signers }, clock);
  await expect(asQa(collection)).rejects.toMatchObject({ code: 'trust.signature' });
  await expect(asQa(await open())).rejects.toMatchObject({ code: 'trust.signer-missing' });
});

describe('withdrawn', () => {
  test('when something is there again that does not verify, that is what is told', async () => {
    const collection = await open();
    await answer(collection);
    instead.set('*', 'gone');
    clock += 2 * MINUTE;
    expect(await answer(collection)).toBe('trust.withdrawn');
    instead.clear();
    instead.set('timestamp', new NotaryRepository(GUN, NOW).publish().bytesOf('timestamp'));
    clock += MINUTE;
    expect(await answer(collection)).toBe('trust.signature');
    instead.set('*', 'down');
    instead.delete('timestamp');
    clock += MINUTE;
    expect(await answer(collection)).toBe('trust.withdrawn');
  });

  test('is remembered by the next start', async () => {
    await answer(await open());
    instead.set('*', 'gone');
    clock += MINUTE;
    expect(await answer(await open())).toBe('trust.withdrawn');
    instead.set('*', 'down');
    expect(await answer(await open())).toBe('trust.withdrawn');
  });

  test('is nothing that was never there, although its root is known', async () => {
    instead.set('timestamp', 'gone');
    const collection = await open();
    expect(await answer(collection)).toBe('trust.unsigned');
    clock += MINUTE;
    expect(await answer(collection)).toBe('trust.unsigned');
  });

  test('in the update that found a new root, and back again', async () => {
    const collection = await open();
    await answer(collection);
    repository.rotate('targets').publish();
    instead.set('timestamp', 'gone');
    clock += 2 * MINUTE;
    expect(await answer(collection)).toBe('trust.withdrawn');
    instead.clear();
    clock += MINUTE;
    expect(await answer(collection)).toBe(A);
  });
});

describe('two processes on one state', () => {
  test('the one that waits for its new pin goes on with what the other stored under it', async () => {
    await answer(await open());
    const own = rootKey(GUN, NOW);
    repository = new NotaryRepository(GUN, NOW);
    repository.of('root').keys = [own];
    repository.sign('1', B, 2).publish();
    instead.set('*', 'down');
    const server = await open();
    expect(events.at(-1)).toMatchObject({ kind: 'alarm', error: { code: 'trust.pin' } });
    expect(await answer(server)).toBe('trust.unreachable');
    instead.clear();
    expect(await answer(await open())).toBe(B);
    clock += 10_000;
    expect(await answer(server)).toBe(B);
  });

  test('what the other confirmed is fresh for both, also where nothing stale may serve', async () => {
    const strict = { staleIfUnreachableMs: 0 };
    const server = await open(pin(), strict);
    await answer(server);
    repository.sign('1', B, 2).publish();
    clock += 2 * MINUTE;
    expect(await answer(await open(pin(), strict))).toBe(B);
    clock += 1;
    asked = [];
    expect(await answer(server)).toBe(B);
    expect(asked.filter(({ name }) => name === 'timestamp')).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'alarm')).toEqual([]);
  });

  test('what the other confirmed before something was published is no answer to it', async () => {
    let stamp = 'first';
    const stamped = { ...source, stamp: () => Promise.resolve(stamp) };
    const server = await open(pin(), {}, stamped);
    expect(await answer(server)).toBe(A);
    clock += 20_000;
    await (await open()).again();
    repository.sign('1', B, 2).publish();
    stamp = 'second';
    clock += 1;
    expect(await answer(server)).toBe(B);
  });

  test('the one that is overtaken again and again serves what it has, and says so without an alarm', async () => {
    const advanceTrust: TrustStore['advanceTrust'] = (...step) =>
      clock === NOW ? state.advanceTrust(...step) : Promise.resolve('conflict');
    const server = await open(pin(), {
      store: Object.create(state, { advanceTrust: { value: advanceTrust } }) as never,
    });
    await answer(server);
    clock += MINUTE;
    const { failure } = await server.current();
    expect(failure?.code).toBe('trust.unreachable');
    expect(failure?.cause).toBeInstanceOf(Overtaken);
    expect(events.filter(({ kind }) => kind === 'alarm')).toEqual([]);
  });
});
