import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { AskedHere } from './asked.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import { Outgrown } from './outgrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const MINUTE = 60_000;
const GUN = 'docker.io/library/alpine';
const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const B = parseDigest(`sha256:${'bb'.repeat(32)}`);
const NAMED = { role: 'targets', tag: '1', digest: A };

let repository: NotaryRepository;
let source: SimulatedSource;
let state: StateStore;
let clock: number;
beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  source = new SimulatedSource(repository);
  state = openSqliteStore(':memory:');
  clock = NOW;
});
afterEach(async () => await state.close());

async function open(over: Partial<CollectionOptions> = {}): Promise<AskedHere> {
  const options: CollectionOptions = {
    store: state,
    checkEveryMs: MINUTE,
    staleIfUnreachableMs: 'until_expiry',
    maxBytes: 64 << 20,
    now: () => clock,
    on: () => undefined,
    ...over,
  };
  const opened = { source: 'vendor', gun: GUN, ctx: contextOf(GUN), metadata: source };
  return new AskedHere(await Collection.open(opened, options));
}

test('a question is answered, and what was seen then is known', async () => {
  const asked = await open();
  expect([asked.bytes, asked.isKnown]).toEqual([0, false]);
  const { verdict } = await asked.ask({ kind: 'tag', tag: '1', releases: 'strict' });
  expect(verdict).toMatchObject({ outcome: 'signed', digest: A });
  const roles = ['root', 'timestamp', 'snapshot', 'targets'];
  const bytes = roles.reduce((sum, role) => sum + repository.bytesOf(role).length, 0);
  expect([asked.bytes, asked.isKnown]).toEqual([bytes, true]);
});

describe('who names a digest', () => {
  test('is asked of the source first', async () => {
    expect(await (await open()).naming([A, B], '')).toEqual([NAMED]);
  });

  test('is told of names that begin as asked, and of no others', async () => {
    repository.sign('21', A, 1).publish();
    const asked = await open();
    const tags = async (prefix: string) => (await asked.naming([A], prefix)).map(({ tag }) => tag);
    expect(await tags('')).toEqual(['1', '21']);
    expect(await tags('1')).toEqual(['1']);
    expect(await tags('2')).toEqual(['21']);
    expect(await tags('3')).toEqual([]);
  });

  test('is told by the last view when the source is away, or has no such collection any more', async () => {
    const asked = await open({ staleIfUnreachableMs: 0 });
    await asked.naming([A], '');
    for (const instead of [down, gone]) {
      source.instead.set('*', instead);
      clock += MINUTE;
      expect(await asked.naming([A], '')).toEqual([NAMED]);
    }
  });

  test('is a question without an answer when nothing is known', async () => {
    source.instead.set('*', down);
    expect(await (await open()).naming([A], '').catch(codeOf)).toBe('trust.unreachable');
  });

  test('must be asked elsewhere once the collection is too large for this thread', async () => {
    await (await open()).naming([A], '');
    await expect((await open({ largeBytes: 1 })).naming([A], '')).rejects.toBeInstanceOf(Outgrown);
  });
});

describe('names', () => {
  test('are those that begin so, in order, each once', async () => {
    repository.delegate('targets/qa').publish();
    for (const tag of ['2', '10', '1.1']) repository.sign(tag, A, 1);
    repository.sign('1', A, 1, 'targets/qa').publish();
    const asked = await open();
    expect(await asked.names('')).toEqual(['1', '1.1', '10', '2']);
    expect(await asked.names('1')).toEqual(['1', '1.1', '10']);
  });

  test('are ten thousand at most', async () => {
    const tags = Array.from({ length: 10_001 }, (_, i) => String(i).padStart(6, '0'));
    for (const tag of tags.toReversed()) repository.sign(tag, A, 1);
    repository.publish();
    expect(await (await open()).names('0')).toEqual(tags.slice(0, 10_000));
  });

  test('are no answer when the source has none', async () => {
    source.instead.set('*', gone);
    expect(await (await open()).names('').catch(codeOf)).toBe('trust.unsigned');
  });
});

test('a view that was confirmed longer ago than this is asked for again', async () => {
  const asked = await open();
  await asked.naming([], '');
  source.take();
  clock += 10_000;
  await asked.refreshOlderThan(10_001);
  expect(source.take()).toEqual([]);
  await asked.refreshOlderThan(10_000);
  expect(source.take()).toEqual(['2.root', 'timestamp']);
});
