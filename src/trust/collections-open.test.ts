import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { SimulatedSource } from '../simulator/simulated-source.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import type { Asked } from './asked.ts';
import type { Opened } from './collection.ts';
import { Collections, type CollectionsOptions } from './collections.ts';
import { Outgrown } from './outgrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const question = { kind: 'tag', tag: '1', releases: 'strict' } as const;

let source: SimulatedSource;
let state: StateStore;
let clock: number;
beforeEach(() => {
  source = new SimulatedSource(new NotaryRepository(GUN, NOW).sign('1', A, 1).publish());
  state = openSqliteStore(':memory:');
  clock = NOW;
});
afterEach(async () => await state.close());

/** A store that answers some questions otherwise. */
function store(over: Partial<Record<keyof StateStore, unknown>> = {}): StateStore {
  const values = Object.entries(over).map(([name, value]) => [name, { value }] as const);
  return Object.create(state, Object.fromEntries(values)) as StateStore;
}

function collections(over: Partial<CollectionsOptions> = {}): Collections {
  return new Collections({
    store: state,
    checkEveryMs: 60_000,
    staleIfUnreachableMs: 'until_expiry',
    maxBytes: 64 << 20,
    now: () => clock,
    on: () => undefined,
    ...over,
  });
}

const opened = (gun = GUN, from = 'vendor'): Opened => ({
  source: from,
  gun,
  ctx: contextOf(gun),
  metadata: source,
});

/** Another thread, with collections that have this many bytes each in its own memory and this one's. */
function elsewhere(bytes: (gun: string) => number = () => 0, isKnown: (gun: string) => boolean = () => true) {
  const began: string[] = [];
  const open = ({ gun, source: from }: Opened): Asked => {
    began.push(from === 'vendor' ? gun : `${from}:${gun}`);
    return {
      ask: () => Promise.resolve({ verdict: { outcome: 'refused', reason: 'trust.unsigned', message: gun } }),
      naming: () => Promise.resolve([{ role: 'targets', tag: gun, digest: A }]),
      standings: () => Promise.resolve([{ kind: 'silent' }]),
      names: (prefix) => Promise.resolve([`${prefix}${gun}`]),
      refreshOlderThan: () => Promise.resolve(),
      get bytes() {
        return bytes(gun);
      },
      isKnown: isKnown(gun),
    };
  };
  return { began, large: { fromBytes: 100, open } };
}

/** All collections live on the other thread. */
function far(over: Partial<CollectionsOptions> = {}, ...about: Parameters<typeof elsewhere>) {
  const { began, large } = elsewhere(...about);
  const made = collections({ store: store({ trustBytes: () => Promise.resolve(101) }), large, ...over });
  return { began, made, use: (gun: string) => made.names(opened(gun), '') };
}

describe('a collection of this thread', () => {
  test('answers, and is read from the database once', async () => {
    let loads = 0;
    const counting = store({ loadTrust: (name: never) => ((loads += 1), state.loadTrust(name)) });
    const made = collections({ store: counting });
    const answers = await Promise.all([made.ask(opened(), question), made.ask(opened(), question)]);
    expect(answers.map(({ verdict }) => verdict.outcome)).toEqual(['signed', 'signed']);
    const before = loads;
    expect(await made.names(opened(), '')).toEqual(['1']);
    expect(await made.naming(opened(), [A], '')).toEqual([{ role: 'targets', tag: '1', digest: A }]);
    expect(loads).toBe(before);
    expect(source.take().filter((name) => name === 'timestamp')).toHaveLength(1);
  });

  test('that could not be opened is opened anew by the next question', async () => {
    let broken = true;
    const loadTrust = (name: never): Promise<unknown> =>
      broken ? Promise.reject(new TufgateError('state.failed', 'disk')) : state.loadTrust(name);
    const made = collections({ store: store({ loadTrust }) });
    expect(await made.ask(opened(), question).catch(codeOf)).toBe('state.failed');
    broken = false;
    expect((await made.ask(opened(), question)).verdict.outcome).toBe('signed');
  });

  test('is known to commands without asking the source, whatever its size', async () => {
    const { began, large } = elsewhere();
    const made = collections({ large: { ...large, fromBytes: 0 } });
    expect(await made.known(opened())).toBeUndefined();
    await collections().ask(opened(), question);
    source.take();
    expect((await made.known(opened()))?.view.gun).toBe(GUN);
    expect([source.asked, began]).toEqual([[], []]);
  });
});

describe('a large collection', () => {
  test('is asked elsewhere when more than so many bytes are stored', async () => {
    const { began, large } = elsewhere();
    for (const [bytes, there] of [
      [100, 0],
      [101, 1],
    ] as const) {
      const trustBytes = (): Promise<number> => Promise.resolve(bytes);
      const made = collections({ store: store({ trustBytes }), large: { ...large, fromBytes: 100 } });
      await made.with(opened(), () => Promise.resolve());
      expect(began).toHaveLength(there);
    }
  });

  test('that outgrew this thread while it was updated is asked once more there, and from then on', async () => {
    const { began, large } = elsewhere();
    const made = collections({ large });
    expect(await made.names(opened(), 'from ')).toEqual([`from ${GUN}`]);
    expect(await made.naming(opened(), [A], '')).toEqual([{ role: 'targets', tag: GUN, digest: A }]);
    expect((await made.ask(opened(), question)).verdict).toMatchObject({ message: GUN });
    expect(began).toEqual([GUN]);
  });

  test('is held here by one-off commands', async () => {
    const trustBytes = (): Promise<number> => Promise.reject(new Error('nobody asks'));
    const made = collections({ store: store({ trustBytes }) });
    expect(await made.names(opened(), '')).toEqual(['1']);
    const outgrown = new Outgrown('elsewhere');
    await expect(made.with(opened(), () => Promise.reject(outgrown))).rejects.toBe(outgrown);
  });

  test('is no way out for other errors', async () => {
    const { began, large } = elsewhere();
    const made = collections({ large: { ...large, fromBytes: 1 << 20 } });
    const fault = new Error('a fault');
    await expect(made.with(opened(), () => Promise.reject(fault))).rejects.toBe(fault);
    expect(began).toEqual([]);
  });
});

describe('what is not used is closed', () => {
  test('beyond two thousand collections, the one that was asked longest ago first', async () => {
    const { began, use } = far();
    for (let i = 0; i < 2_000; i++) await use(`${i}`);
    await use('0');
    expect(began.splice(0)).toHaveLength(2_000);
    await use('one more');
    await use('0');
    expect(began.splice(0)).toEqual(['one more']);
    await use('1');
    expect(began).toEqual(['1']);
  });

  test('beyond so many bytes, which are counted once for each', async () => {
    const sizes = new Map([
      ['a', 60],
      ['b', 40],
      ['c', 1],
    ]);
    const { began, use } = far({ maxHeldBytes: 100 }, (gun) => sizes.get(gun) ?? 0);
    for (const gun of ['a', 'b', 'a', 'b', 'a', 'b']) await use(gun);
    expect(began).toEqual(['a', 'b']);
    await use('c');
    await use('b');
    await use('c');
    expect(began.splice(0)).toEqual(['a', 'b', 'c']);
    sizes.set('c', 60);
    await use('c');
    await use('a');
    expect(began.splice(0)).toEqual(['a']);
    await use('b');
    expect(began).toEqual(['b']);
  });

  test('one that became smaller leaves room', async () => {
    const sizes = new Map([
      ['a', 90],
      ['b', 80],
    ]);
    const { began, use } = far({ maxHeldBytes: 100 }, (gun) => sizes.get(gun) ?? 0);
    await use('a');
    sizes.set('a', 10);
    for (const gun of ['a', 'b', 'a', 'b']) await use(gun);
    expect(began).toEqual(['a', 'b']);
  });

  test('but never the one that is asked, however large it is', async () => {
    const { began, use } = far({ maxHeldBytes: 100 }, () => 1_000);
    for (const gun of ['a', 'a', 'b', 'b']) await use(gun);
    expect(began).toEqual(['a', 'b']);
  });

  test('32 MiB are held unless told', async () => {
    const sizes = new Map([
      ['a', 16 << 20],
      ['b', 16 << 20],
    ]);
    const { began, use } = far({}, (gun) => sizes.get(gun) ?? 0);
    for (const gun of ['a', 'b', 'a']) await use(gun);
    expect(began.splice(0)).toEqual(['a', 'b']);
    sizes.set('a', (16 << 20) + 1);
    for (const gun of ['a', 'b']) await use(gun);
    expect(began).toEqual(['b']);
  });

  test('one that is closed while it is asked still answers, and its bytes no longer count', async () => {
    const { began, made, use } = far({ maxHeldBytes: 100 }, () => 60);
    let end: (answer: string) => void = () => undefined;
    const answer = made.with(opened('a'), () => new Promise<string>((resolve) => (end = resolve)));
    await use('b');
    await use('c');
    end('after all');
    expect(await answer).toBe('after all');
    await use('c');
    expect(began).toEqual(['a', 'b', 'c']);
  });

  test('one that is closed while it is opened, and cannot be, says why', async () => {
    let fail: (error: Error) => void = () => undefined;
    const trustBytes = ({ gun }: Opened): Promise<number> =>
      gun === 'a' ? new Promise((_, reject) => (fail = reject)) : Promise.resolve(101);
    const { use } = far({ maxHeldBytes: 100, store: store({ trustBytes }) }, () => 101);
    const answer = use('a').catch(codeOf);
    await use('b');
    fail(new TufgateError('state.failed', 'disk'));
    expect(await answer).toBe('state.failed');
  });

  test('collections of one name from two sources are two', async () => {
    const { began, made } = far();
    await made.names(opened('a', 'vendor'), '');
    await made.names(opened('a', 'other'), '');
    expect(began).toEqual(['a', 'other:a']);
  });
});

describe('what was asked lately', () => {
  async function recent(made: Collections, withinMs: number, most: number): Promise<number> {
    return (await made.recent(withinMs, most)).length;
  }

  test('is what somebody asked within the time, at most so many', async () => {
    const { made, use } = far();
    for (const gun of ['a', 'b', 'c']) {
      await use(gun);
      clock += 10;
    }
    expect([await recent(made, 9, 9), await recent(made, 20, 9), await recent(made, 30, 9)]).toEqual([0, 2, 3]);
    expect([await recent(made, 30, 0), await recent(made, 30, 2)]).toEqual([0, 2]);
  });

  test('begins with the last that was asked', async () => {
    const { made } = far();
    const found: Asked[] = [];
    for (const gun of ['a', 'b']) await made.with(opened(gun), (asked) => Promise.resolve(found.push(asked)));
    expect(await made.recent(1, 9)).toEqual(found.reverse());
  });

  test('are not names that nobody signed, and none that cannot be opened', async () => {
    const { made, use } = far({}, undefined, (gun) => gun !== 'b');
    for (const gun of ['a', 'b', 'c']) await use(gun);
    expect(await recent(made, 1, 2)).toBe(2);
    const loadTrust = (): Promise<never> => Promise.reject(new TufgateError('state.failed', 'disk'));
    const broken = collections({ store: store({ loadTrust }) });
    const failing = broken.names(opened(), '').catch(codeOf);
    expect(await recent(broken, 1, 2)).toBe(0);
    expect(await failing).toBe('state.failed');
  });
});
