import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { answering, down, SimulatedSource } from '../simulator/simulated-source.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { ask } from './ask.ts';
import { askStandings } from './ask-standing.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { Collections } from './collections.ts';
import { nodeCrypto } from './crypto.ts';
import { type Holds, holdsOf } from './lasting.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { Question } from './question.ts';
import type { TrustContext } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/** An answer that is said to last must not outlive what asking again would answer: each way to end has a test that dies without it. */
const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const MINUTE = 60_000;
/** In half a minute. */
const SOON = '2026-11-21T00:00:30Z';
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const TARGET = 'reg.example/app:1';
const DIGEST_TARGET = `reg.example/app@${A}`;

let source: SimulatedSource;
let state: StateStore;
let clock: number;
let timers: (() => void)[];
beforeEach(() => {
  state = openSqliteStore(':memory:');
  clock = NOW;
  timers = [];
});
afterEach(async () => await state.close());

const options = (over: Partial<CollectionOptions> = {}): CollectionOptions => ({
  store: state,
  checkEveryMs: MINUTE,
  staleIfUnreachableMs: 'until_expiry',
  maxBytes: 64 << 20,
  now: () => clock,
  on: () => undefined,
  schedule: (task) => {
    timers.push(task);
    return () => undefined;
  },
  ...over,
});

const open = (ctx: TrustContext, over: Partial<CollectionOptions> = {}, metadata: MetadataSource = source) =>
  Collection.open({ source: 'vendor', gun: GUN, ctx, metadata }, options(over));

function publishedBy(made: NotaryRepository): NotaryRepository {
  source = new SimulatedSource(made);
  return made;
}

const alpine = (): NotaryRepository => publishedBy(new NotaryRepository(GUN, NOW).sign('1', A, 7).publish());
const notaryContext = (made: NotaryRepository): TrustContext =>
  contextOf(GUN, { kind: 'keys', keyIds: [made.of('root').keys[0]!.keyId] });

function tufContext(made: TufRepository): TrustContext {
  source = new SimulatedSource(made.publish());
  return {
    format: tufFormat,
    gun: 'approvals',
    anchor: { kind: 'root-file', bytes: made.at('root', 1) },
    crypto: nodeCrypto,
  };
}

const tag: Question = { kind: 'tag', tag: '1', releases: 'strict' };
const target: Question = { kind: 'target', target: TARGET };

async function holdsNow(collection: Collection, question: Question = tag): Promise<Holds | undefined> {
  return holdsOf(await ask(collection, question));
}

describe('what is found in a view that was just confirmed', () => {
  test('holds until the source is to be asked again', async () => {
    const holds = await holdsNow(await open(notaryContext(alpine())));
    clock += MINUTE - 1;
    expect(holds?.()).toBe(true);
    clock += 1;
    expect(holds?.()).toBe(false);
  });

  test('and that nobody signed the tag holds as long', async () => {
    const collection = await open(notaryContext(alpine()));
    expect((await holdsNow(collection, { ...tag, tag: '2' }))?.()).toBe(true);
  });

  test('does not hold beyond what a source that cannot be reached is believed for', async () => {
    const holds = await holdsNow(await open(notaryContext(alpine()), { staleIfUnreachableMs: 10_000 }));
    clock += 9_999;
    expect(holds?.()).toBe(true);
    clock += 1;
    expect(holds?.()).toBe(false);
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets'])('ends when its %s expires', async (role) => {
    const made = publishedBy(new NotaryRepository(GUN, NOW).sign('1', A, 7));
    made.of(role).expires = NOW + 30_000;
    made.touch(role).publish();
    const holds = await holdsNow(await open(notaryContext(made)));
    clock += 29_999;
    expect(holds?.()).toBe(true);
    clock += 1;
    expect(holds?.()).toBe(false);
  });

  test('ends when a role expires that could have named the tag otherwise', async () => {
    const made = publishedBy(new NotaryRepository(GUN, NOW).sign('1', A, 7).delegate('targets/qa'));
    made.of('targets/qa').expires = NOW + 30_000;
    made.touch('targets/qa').publish();
    const holds = await holdsNow(await open(notaryContext(made)));
    clock += 30_000;
    expect(holds?.()).toBe(false);
  });

  test('ends when the approval does', async () => {
    const made = new TufRepository(NOW).put(TARGET, {
      digest: A,
      length: 7,
      custom: { tufgate: { until: SOON } },
    });
    const holds = await holdsNow(await open(tufContext(made)), target);
    clock += 29_999;
    expect(holds?.()).toBe(true);
    clock += 1;
    expect(holds?.()).toBe(false);
  });

  test('ends with the next view, and also when the source only confirms this one', async () => {
    const made = alpine();
    const collection = await open(notaryContext(made));
    const first = await holdsNow(collection);
    clock += 30_000;
    await collection.refreshOlderThan(0);
    expect(first?.()).toBe(false);
    const second = await holdsNow(collection);
    made.revoke('1').publish();
    clock += 30_000;
    await collection.refreshOlderThan(0);
    expect(second?.()).toBe(false);
  });

  test('ends when the source cannot confirm it any more: the next answer says so', async () => {
    const collection = await open(notaryContext(alpine()));
    const holds = await holdsNow(collection);
    source.instead.set('*', down);
    clock += 30_000;
    await collection.refreshOlderThan(0);
    expect(holds?.()).toBe(false);
    expect(await holdsNow(collection)).toBeUndefined();
  });

  test('cannot be said of another view', async () => {
    const collection = await open(notaryContext(alpine()));
    const { view } = await collection.current();
    expect(collection.holds(view, '1', clock)).toBeDefined();
    expect(collection.holds({ ...view }, '1', clock)).toBeUndefined();
  });

  test('ends when the collection is outgrown', async () => {
    const collection = await open(notaryContext(alpine()), { largeBytes: 40_000 });
    const holds = await holdsNow(collection);
    expect(holds?.()).toBe(true);
    source.instead.set('timestamp', answering(Buffer.alloc(50_000)));
    clock += 30_000;
    await collection.refreshOlderThan(0).catch(() => undefined);
    expect(holds?.()).toBe(false);
  });
});

test('a refusal that may pass does not hold', async () => {
  const made = publishedBy(new NotaryRepository(GUN, NOW).sign('1', A, 7));
  made.of('targets').expires = NOW - 1;
  made.touch('targets').publish();
  expect(await holdsNow(await open(notaryContext(made)))).toBeUndefined();
});

describe('in TUF 1.0', () => {
  const delegated = (): TufRepository =>
    new TufRepository(NOW).delegate('team', { paths: ['reg.example/*'] }).put(TARGET, { digest: A, length: 7 }, 'team');

  test('what a file had to be loaded for holds only once that is held', async () => {
    const collection = await open(tufContext(delegated()));
    expect(await holdsNow(collection, target)).toBeUndefined();
    expect((await holdsNow(collection, target))?.()).toBe(true);
  });

  test('a search that a missing file has ended may find it any time', async () => {
    const collection = await open(tufContext(delegated()));
    source.instead.set('1.team', down);
    const refused = await ask(collection, target);
    expect(refused.verdict).toMatchObject({ outcome: 'refused', reason: 'trust.unreachable' });
    expect(holdsOf(refused)).toBeUndefined();
  });

  test('one of several signers whose file cannot be loaded may be there again any time', async () => {
    const made = delegated().delegate('other', { paths: ['reg.example/*'] });
    const asked = { ...target, signers: { atLeast: 1, of: ['team', 'other'] } } as Question;
    const collection = await open(tufContext(made));
    source.instead.set('1.other', down);
    await ask(collection, asked);
    const answer = await ask(collection, asked);
    expect(answer.verdict.outcome).toBe('signed');
    expect(holdsOf(answer)).toBeUndefined();
  });

  test('that a digest was not taken back holds as a tag does', async () => {
    const made = new TufRepository(NOW).put(DIGEST_TARGET, {
      digest: A,
      length: 7,
      custom: { tufgate: { until: SOON } },
    });
    const collection = await open(tufContext(made));
    const holds = async (name: string) => holdsOf((await askStandings(collection, [name]))[0]!);
    const approved = await holds(DIGEST_TARGET);
    const silent = await holds('reg.example/other@sha256:00');
    expect([approved?.(), silent?.()]).toEqual([true, true]);
    clock += 30_000;
    expect([approved?.(), silent?.()]).toEqual([false, true]);
    clock += 30_000;
    expect(silent?.()).toBe(false);
  });

  test('nor does that hold for which a file had to be loaded, or nobody could be asked', async () => {
    const collection = await open(tufContext(delegated()));
    const told = async () => (await askStandings(collection, [DIGEST_TARGET]))[0]!;
    expect(holdsOf(await told())).toBeUndefined();
    expect(holdsOf(await told())?.()).toBe(true);
    const unasked = await open(
      tufContext(delegated()),
      {},
      { fetch: () => Promise.reject(new TufgateError('trust.unreachable', 'down')) },
    );
    expect(holdsOf((await askStandings(unasked, [DIGEST_TARGET]))[0]!)).toBeUndefined();
  });
});

describe('where a publication can be seen', () => {
  test('an answer holds while the last look is not old, and nothing new was seen', async () => {
    const seen = { stamp: 'a', recent: true };
    const made = new TufRepository(NOW).put(TARGET, { digest: A, length: 7 });
    const ctx = tufContext(made);
    const collection = await open(
      ctx,
      {},
      {
        fetch: (...args) => source.fetch(...args),
        stamp: () => Promise.resolve(seen.stamp),
        lastStamp: () => (seen.recent ? seen.stamp : undefined),
      },
    );
    const holds = await holdsNow(collection, target);
    expect(holds?.()).toBe(true);
    seen.recent = false;
    expect(holds?.()).toBe(false);
    seen.recent = true;
    seen.stamp = 'b';
    expect(holds?.()).toBe(false);
  });

  test('it does not hold where only a look can tell', async () => {
    const made = new TufRepository(NOW).put(TARGET, { digest: A, length: 7 });
    const ctx = tufContext(made);
    const stamp = () => Promise.resolve('a');
    const collection = await open(ctx, {}, { fetch: (...args) => source.fetch(...args), stamp });
    expect(await holdsNow(collection, target)).toBeUndefined();
  });
});

describe('among open collections', () => {
  const opened = (gun: string, made: NotaryRepository) => ({
    source: 'vendor',
    gun,
    ctx: notaryContext(made),
    metadata: new SimulatedSource(made),
  });

  test('an answer ends when its collection is closed, and when it was opened again', async () => {
    const made = alpine();
    const collections = new Collections({ ...options(), maxHeldBytes: 1 });
    const holds = holdsOf(await collections.ask(opened(GUN, made), tag));
    expect(holds?.()).toBe(true);
    const other = new NotaryRepository('reg.example/other', NOW).sign('1', A, 7).publish();
    await collections.ask(opened('reg.example/other', other), tag);
    expect(holds?.()).toBe(false);
    await collections.ask(opened(GUN, made), tag);
    expect(holds?.()).toBe(false);
  });

  test('so does what was said of a digest', async () => {
    const made = new TufRepository(NOW).put(TARGET, { digest: A, length: 7 });
    const ctx = tufContext(made);
    const collections = new Collections({ ...options(), maxHeldBytes: 1 });
    const [told] = await collections.standings({ source: 'vendor', gun: '*', ctx, metadata: source }, [DIGEST_TARGET]);
    expect(holdsOf(told!)?.()).toBe(true);
    await collections.ask(opened(GUN, alpine()), tag);
    expect(holdsOf(told!)?.()).toBe(false);
  });

  test('an answer that is given again is a use', async () => {
    const collections = new Collections({ ...options(), checkEveryMs: DAY });
    const holds = holdsOf(await collections.ask(opened(GUN, alpine()), tag));
    clock += 100_000;
    expect(await collections.recent(50_000, 9)).toHaveLength(0);
    holds?.();
    expect(await collections.recent(50_000, 9)).toHaveLength(1);
  });

  test('what another thread answers does not hold', async () => {
    const collections = new Collections({
      ...options(),
      large: {
        fromBytes: -1,
        open: () => ({
          bytes: 0,
          isKnown: true,
          ask: () => Promise.resolve({ verdict: { outcome: 'refused', reason: 'trust.unsigned', message: '' } }),
          naming: () => Promise.resolve([]),
          standings: () => Promise.resolve([{ kind: 'silent' }]),
          names: () => Promise.resolve([]),
          refreshOlderThan: () => Promise.resolve(),
        }),
      },
    });
    expect(holdsOf(await collections.ask(opened(GUN, alpine()), tag))).toBeUndefined();
    const [told] = await collections.standings(opened(GUN, alpine()), ['x']);
    expect(holdsOf(told!)).toBeUndefined();
  });
});

test('a fault of ours is no answer', async () => {
  const collection = await open(notaryContext(alpine()));
  state.raiseClock = () => Promise.reject(new TufgateError('state.failed', 'disk'));
  expect(await ask(collection, tag).catch((error: unknown) => (error as TufgateError).code)).toBe('state.failed');
});
