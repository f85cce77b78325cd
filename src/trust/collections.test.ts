import { afterEach, beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { SimulatedSource } from '../simulator/simulated-source.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore, TrustStore } from '../state/store.ts';
import type { Asked } from './asked.ts';
import type { Opened } from './collection.ts';
import { Collections, type CollectionsOptions } from './collections.ts';
import type { MetadataSource } from './metadata-source.ts';
import { Outgrown, smallFilesOnly } from './outgrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = `sha256:${'aa'.repeat(32)}`;
const FROM = 16 * 1024;
const question = { kind: 'tag', tag: '1', releases: 'strict' } as const;

let state: StateStore;
let clock: number;
let loaded: string[];
let movedAway: string[];
let repositories: Map<string, NotaryRepository>;
beforeEach(() => {
  state = openSqliteStore(':memory:');
  clock = NOW;
  loaded = [];
  movedAway = [];
  repositories = new Map();
});
afterEach(async () => await state.close());

/** What the other thread would be. */
const elsewhere: Asked = {
  bytes: 0,
  isKnown: true,
  ask: () => Promise.resolve({ verdict: { outcome: 'refused', reason: 'trust.unsigned', message: 'elsewhere' } }),
  naming: () => Promise.resolve([{ role: 'targets', tag: 'elsewhere', digest: A as never }]),
  standings: () => Promise.resolve([{ kind: 'silent' }]),
  names: () => Promise.resolve(['elsewhere']),
  refreshOlderThan: () => Promise.resolve(),
};

function collections(over: Partial<CollectionsOptions> = {}): Collections {
  const store: TrustStore = Object.create(state, {
    loadTrust: { value: (of: Opened) => (loaded.push(of.gun), state.loadTrust(of)) },
  }) as TrustStore;
  return new Collections({
    store,
    checkEveryMs: 60_000,
    staleIfUnreachableMs: 'until_expiry',
    maxBytes: 1 << 20,
    now: () => clock,
    on: () => undefined,
    large: {
      fromBytes: FROM,
      open: ({ gun }) => {
        movedAway.push(gun);
        return elsewhere;
      },
    },
    ...over,
  });
}

function collection(name: string): Opened {
  const gun = `docker.io/library/${name}`;
  const repository = repositories.get(name) ?? new NotaryRepository(gun, NOW).sign('1', A, 1).publish();
  repositories.set(name, repository);
  const metadata: MetadataSource = {
    fetch: (file) => new SimulatedSource(repository).fetch(file, Infinity),
  };
  return { source: 'vendor', gun, ctx: contextOf(gun), metadata };
}

function grow(name: string): void {
  const repository = repositories.get(name)!;
  for (let i = 0; i < 200; i++) repository.sign(`tag-${i}`, A, i);
  repository.publish();
}

const outcome = async (open: Collections, opened: Opened) => {
  const { verdict } = await open.ask(opened, question);
  return verdict.outcome === 'refused' ? verdict.message : verdict.outcome;
};

test('a small collection is held here', async () => {
  const open = collections();
  expect(await outcome(open, collection('alpine'))).toBe('signed');
  expect(movedAway).toEqual([]);
});

test('one that turns out to be large in the middle of a question is answered elsewhere, and stays there', async () => {
  const open = collections();
  const alpine = collection('alpine');
  expect(await outcome(open, alpine)).toBe('signed');
  grow('alpine');
  clock += 60_000;
  expect(await outcome(open, alpine)).toBe('elsewhere');
  expect(await open.names(alpine, '')).toEqual(['elsewhere']);
  expect(await open.naming(alpine, [], '')).toMatchObject([{ tag: 'elsewhere' }]);
  expect(movedAway).toEqual(['docker.io/library/alpine']);
});

test('whoever asks who names a digest is sent elsewhere too, although there is a view', async () => {
  const open = collections();
  const alpine = collection('alpine');
  await open.naming(alpine, [], '');
  grow('alpine');
  clock += 60_000;
  expect(await open.naming(alpine, [], '')).toMatchObject([{ tag: 'elsewhere' }]);
});

test('one that is large in the database is not even loaded here', async () => {
  const alpine = collection('alpine');
  grow('alpine');
  expect(await outcome(collections({ large: undefined as never }), alpine)).toBe('signed');
  loaded = [];
  expect(await outcome(collections(), alpine)).toBe('elsewhere');
  expect(loaded).toEqual([]);
});

test('many small files make a large collection as well', async () => {
  const alpine = collection('alpine');
  const repository = repositories.get('alpine')!;
  for (let i = 0; i < 12; i++) repository.delegate(`targets/signer-${i}`);
  repository.publish();
  expect(await outcome(collections(), alpine)).toBe('elsewhere');
});

test('what was not used for longest is closed when metadata over the budget is held, and is opened again', async () => {
  const open = collections({ maxHeldBytes: 12_000 });
  const names = ['alpine', 'busybox', 'caddy', 'debian'];
  for (const name of names) expect(await outcome(open, collection(name))).toBe('signed');
  loaded = [];
  expect(await outcome(open, collection('debian'))).toBe('signed');
  expect(loaded).toEqual([]);
  expect(await outcome(open, collection('alpine'))).toBe('signed');
  expect(loaded).toEqual(['docker.io/library/alpine']);
});

test('a file of unknown length is read up to what is small; one that a hash names is not even asked for', async () => {
  const asked: number[] = [];
  const source = smallFilesOnly(
    {
      fetch: (_, maxBytes) => {
        asked.push(maxBytes);
        return maxBytes < 500
          ? Promise.reject(new TufgateError('trust.too-large', 'long'))
          : Promise.resolve(undefined);
      },
    },
    100,
  );
  await expect(source.fetch({ kind: 'role', role: 'a' }, 1_000)).rejects.toBeInstanceOf(Outgrown);
  await expect(source.fetch({ kind: 'by-hash', role: 'a', sha256: 'x' }, 1_000)).rejects.toBeInstanceOf(Outgrown);
  await expect(source.fetch({ kind: 'timestamp' }, 50)).rejects.toMatchObject({ code: 'trust.too-large' });
  expect(asked).toEqual([100, 50]);
});
