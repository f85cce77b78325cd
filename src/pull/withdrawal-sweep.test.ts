import { afterEach, beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { Given, StateStore, Withdrawal } from '../state/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { TrustEvent } from '../trust/trust-event.ts';
import { WithdrawalSweep } from './withdrawal-sweep.ts';

const APP = 'reg.example/acme/app';
const SOURCES = new Set(['approvals']);
const digest = (n: number): Digest => `sha256:${String(n).padStart(64, '0')}` as Digest;
const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => {
    warned++;
  },
  error: () => undefined,
  child: () => log,
};

let state: StateStore;
let warned: number;
let looked: Given[][];
let unknown: number;
let evicted: Digest[];
let told: [Digest, number][];
let evicting: () => Promise<void>;
let binding: boolean;
beforeEach(() => {
  state = openSqliteStore(':memory:');
  [warned, unknown, looked, evicted, told, binding] = [0, 0, [], [], [], true];
  evicting = () => Promise.resolve();
});
afterEach(async () => await state.close());

function sweep(): WithdrawalSweep {
  const why = new TufgateError('trust.withdrawn', 'taken back');
  return new WithdrawalSweep({
    withdrawals: {
      look: (_, given) => (looked.push([...given]), Promise.resolve(unknown)),
      stored: async (_, digests) => {
        const known = binding ? await state.withdrawals(APP, digests) : [];
        return new Map(known.map((each) => [each.digest, { kind: 'withdrawn', source: each.source, error: why }]));
      },
    },
    state,
    async evict(digests) {
      await evicting();
      evicted.push(...digests);
    },
    tell: (withdrawal, _, count) => Promise.resolve(void told.push([withdrawal.digest, count])),
    log,
  });
}

const refreshed = (snapshot: string, over: Partial<TrustEvent> = {}): TrustEvent =>
  ({
    kind: 'refreshed',
    collection: { source: 'approvals', gun: '*' },
    outcome: 'changed',
    ms: 1,
    snapshot,
    ...over,
  }) as TrustEvent;

async function noted(made: WithdrawalSweep, ...events: readonly TrustEvent[]): Promise<number> {
  looked = [];
  for (const event of events) made.note(event, SOURCES);
  await made.settled();
  return looked.flat().length;
}

async function given(count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await state.giveOut({ repository: APP, digest: digest(n), tag: '1', verified: true, basis: '', at: 1 });
}

const withdrawal = (n: number): Withdrawal => ({
  source: 'approvals',
  repository: APP,
  digest: digest(n),
  at: 0,
  seenAt: n,
  versions: new Map(),
});

test('all that was given out is asked about once for each snapshot, in slices', async () => {
  await given(300);
  const made = sweep();
  expect(await noted(made, refreshed('a'))).toBe(300);
  expect(looked.map(({ length }) => length)).toEqual([128, 128, 44]);
  expect(await noted(made, refreshed('a'))).toBe(0);
  expect(await noted(made, refreshed('b'), refreshed('c'))).toBe(300);
});

test('the manifests below are asked about too, blobs are not', async () => {
  await given(1);
  const kinds = ['manifest', 'blob'] as const;
  const children = kinds.map((kind, i) => ({ digest: digest(10 + i), kind, size: 1, mediaType: 'x' }));
  await state.recordManifest(digest(0), children);
  await noted(sweep(), refreshed('a'));
  expect(looked.flat().map((each) => each.digest)).toEqual([digest(0), digest(10)]);
});

test('what could not be asked is asked again after the next update', async () => {
  await given(1);
  const made = sweep();
  unknown = 1;
  expect(await noted(made, refreshed('a'))).toBe(1);
  unknown = 0;
  expect(await noted(made, refreshed('a'))).toBe(1);
  expect(await noted(made, refreshed('a'))).toBe(0);
});

test('an update that failed, another source and other events are no reason to look', async () => {
  await given(1);
  const failure = new TufgateError('trust.unreachable', 'x');
  const other = { collection: { source: 'vendor', gun: 'a' } };
  const events = [refreshed('a', { failure }), refreshed('a', other), refreshed('a', { kind: 'changed' } as never)];
  expect(await noted(sweep(), ...events)).toBe(0);
});

test('what is found is carried out, once', async () => {
  await given(1);
  const made = sweep();
  await made.settled();
  await state.withdraw(withdrawal(0));
  made.seen();
  await made.settled();
  made.seen();
  await made.settled();
  expect(evicted).toEqual([digest(0)]);
  expect(told).toEqual([[digest(0), 1]]);
});

test('what an earlier process left is carried out at the start', async () => {
  await state.withdraw(withdrawal(0));
  await sweep().settled();
  expect(told).toHaveLength(1);
  expect(await state.pendingWithdrawals(9)).toEqual([]);
});

test('a cache that fails leaves it to be done, and is said', async () => {
  await state.withdraw(withdrawal(0));
  evicting = () => Promise.reject(new TufgateError('cache.failed', 'disk'));
  const made = sweep();
  await noted(made, refreshed('a'));
  expect([told.length, warned > 0]).toEqual([0, true]);
  evicting = () => Promise.resolve();
  await noted(made, refreshed('a'));
  expect(told).toHaveLength(1);
});

test('one that was lifted meanwhile, or binds no more, evicts nothing', async () => {
  await state.withdraw(withdrawal(0));
  binding = false;
  await sweep().settled();
  expect([evicted, told]).toEqual([[], []]);
  expect(await state.pendingWithdrawals(9)).toEqual([]);
});

test('closed, it begins nothing any more', async () => {
  await given(1);
  const made = sweep();
  await made.close();
  expect(await noted(made, refreshed('a'))).toBe(0);
});
