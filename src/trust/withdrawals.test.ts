import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TrustSourceConfig } from '../config/config.ts';
import { parseDigest } from '../oci/digest.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore, Withdrawal } from '../state/store.ts';
import type { Told } from './ask-standing.ts';
import { nodeCrypto } from './crypto.ts';
import { holdsOf, lasting } from './lasting.ts';
import { Withdrawals } from './withdrawals.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const B = parseDigest(`sha256:${'bb'.repeat(32)}`);
const APP = { registry: 'reg.example', path: 'acme/app' };

function tuf(name: string): TrustSourceConfig {
  return {
    kind: 'tuf',
    name,
    location: { kind: 'folder', path: '/x' },
    root: { kind: 'root-file', file: 'root.json', bytes: Buffer.from(name) },
    target: '{registry}/{repository}:{tag}',
    targetDigest: '{registry}/{repository}@{digest}',
  };
}

let state: StateStore;
let clock: number;
let timers: (() => void)[];
/** What each source says, and what it was asked. */
let says: Map<string, (names: readonly string[]) => Promise<readonly Told[]>>;
let asked: string[];
let seen: Withdrawal[];
beforeEach(() => {
  state = openSqliteStore(':memory:');
  clock = NOW;
  timers = [];
  says = new Map();
  asked = [];
  seen = [];
});
afterEach(async () => await state.close());

function withdrawals(...names: string[]): Withdrawals {
  return new Withdrawals({
    sources: new Map(names.map((name) => [name, tuf(name)])),
    collections: {
      standings: ({ source }, targets) => {
        asked.push(...targets.map((target) => `${source} ${target}`));
        return says.get(source)?.(targets) ?? Promise.resolve(targets.map(() => ({ kind: 'unknown' })));
      },
    },
    metadata: () => ({ fetch: () => Promise.resolve(undefined) }),
    crypto: nodeCrypto,
    store: state,
    now: () => clock,
    onSeen: (withdrawal) => seen.push(withdrawal),
    schedule: (task) => {
      timers.push(task);
      return () => undefined;
    },
  });
}

const always = (told: Told) => (targets: readonly string[]) => Promise.resolve(targets.map(() => told));
const withdrawn = (version = 1): Told => ({
  kind: 'withdrawn',
  revoked: { at: NOW, reason: 'CVE-1' },
  versions: new Map([['targets', version]]),
});
const approved = (version: number, digest = A): Told => ({
  kind: 'approved',
  digest,
  role: 'targets',
  versions: new Map([['targets', version]]),
});
const stored = async () => await state.withdrawals('reg.example/acme/app', [A]);

test('every source is asked for the digest by its name; the first that took it back binds', async () => {
  says.set('two', always(withdrawn()));
  const objection = await withdrawals('one', 'two').objection(APP, A);
  expect(objection).toMatchObject({ kind: 'withdrawn', source: 'two', error: { code: 'trust.withdrawn' } });
  expect(objection?.error.message).toContain(`reg.example/acme/app@${A} was withdrawn`);
  expect(objection?.error.message).toContain('(two)');
  expect(asked).toEqual([`one reg.example/acme/app@${A}`, `two reg.example/acme/app@${A}`]);
});

test('what was seen is stored, told once, and binds when nobody can be asked', async () => {
  const made = withdrawals('one');
  says.set('one', always(withdrawn()));
  await made.objection(APP, A);
  await made.objection(APP, A);
  expect(seen).toMatchObject([{ source: 'one', digest: A, seenAt: NOW, reason: 'CVE-1' }]);
  for (const told of [{ kind: 'unknown' }, { kind: 'silent' }] as const) {
    says.set('one', always(told));
    expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn' });
  }
  expect(await made.objection(APP, B)).toBeUndefined();
});

test('an end says less than a withdrawal that is stored, of the same source or another', async () => {
  const made = withdrawals('one', 'two');
  says.set('two', always(withdrawn()));
  await made.objection(APP, A);
  says.set('two', always({ kind: 'silent' }));
  says.set('one', always({ kind: 'ended', why: 'over' }));
  expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn', source: 'two' });
  expect(await made.objection(APP, B)).toMatchObject({ kind: 'ended', error: { code: 'trust.expired' } });
});

test('only a newer approval of this very digest lifts it', async () => {
  const made = withdrawals('one');
  says.set('one', always(withdrawn(3)));
  await made.objection(APP, A);
  for (const told of [approved(3), approved(2), approved(4, B)]) {
    says.set('one', always(told));
    expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn' });
  }
  says.set('one', always(approved(4)));
  expect(await made.objection(APP, A)).toBeUndefined();
  expect(await stored()).toEqual([]);
});

test('another source cannot lift it', async () => {
  const made = withdrawals('one', 'two');
  says.set('one', always(withdrawn(3)));
  await made.objection(APP, A);
  says.set('one', always({ kind: 'unknown' }));
  says.set('two', always(approved(9)));
  expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn', source: 'one' });
});

test('what is said again in newer files must be lifted by one newer than those', async () => {
  const made = withdrawals('one');
  for (const version of [3, 5]) {
    says.set('one', always(withdrawn(version)));
    await made.objection(APP, A);
  }
  says.set('one', always(approved(4)));
  expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn' });
  expect(seen).toHaveLength(1);
});

test('an answer of before a withdrawal was stored does not lift it', async () => {
  const made = withdrawals('one');
  let release: (told: readonly Told[]) => void = () => undefined;
  says.set('one', () => new Promise((resolve) => (release = resolve)));
  const early = made.objection(APP, A);
  await Promise.resolve();
  says.set('one', always(withdrawn(5)));
  await made.objection(APP, A);
  release([approved(4)]);
  expect(await early).toMatchObject({ kind: 'withdrawn' });
  expect(await stored()).toHaveLength(1);
});

test('nobody waits long for a source; what it says too late is stored all the same', async () => {
  const made = withdrawals('one');
  let release: (told: readonly Told[]) => void = () => undefined;
  says.set('one', () => new Promise((resolve) => (release = resolve)));
  const first = made.objection(APP, A);
  await Promise.resolve();
  for (const timer of timers.splice(0)) timer();
  expect(await first).toBeUndefined();
  // Nor does the next pull wait, for a while.
  expect(await made.objection(APP, A)).toBeUndefined();
  expect(asked).toHaveLength(1);
  release([withdrawn()]);
  await new Promise(setImmediate);
  expect(await stored()).toHaveLength(1);
  clock += 5_000;
  says.set('one', always({ kind: 'unknown' }));
  expect(await made.objection(APP, A)).toMatchObject({ kind: 'withdrawn' });
  expect(asked).toHaveLength(2);
});

test('what cannot be read refuses, and is not stored', async () => {
  says.set('one', always({ kind: 'unreadable', why: 'x' }));
  expect(await withdrawals('one').objection(APP, A)).toMatchObject({ error: { code: 'trust.malformed' } });
  expect(await stored()).toEqual([]);
});

test('what is stored of a source that is not configured binds nothing', async () => {
  says.set('one', always(withdrawn()));
  await withdrawals('one').objection(APP, A);
  const other = withdrawals('two');
  expect(await other.objection(APP, A)).toBeUndefined();
  expect(await other.stored(APP, [A])).toEqual(new Map());
  expect((await withdrawals('one').stored(APP, [A, B])).size).toBe(1);
});

test('a look asks one source for many, and counts what it could not be asked for', async () => {
  const made = withdrawals('one', 'two');
  says.set('one', (targets) =>
    Promise.resolve(targets.map((target) => (target.endsWith(A) ? withdrawn() : { kind: 'unknown' }))),
  );
  const given = [A, B].map((digest) => ({ repository: 'reg.example/acme/app', digest }));
  expect(await made.look('one', given)).toBe(1);
  expect(seen.map(({ digest }) => digest)).toEqual([A]);
  expect(asked).toHaveLength(2);
  expect(await made.look('three', given)).toBe(0);
});

/** A look that says of itself while it would come to the same. */
const lasts = (told: Told, holds: () => boolean = () => true) => {
  return (targets: readonly string[]) => Promise.resolve(targets.map(() => lasting(told, holds)));
};
const weighed = async (made: Withdrawals) => holdsOf(await made.weigh(APP, A));

test('that nobody has anything against it holds while each source would say so again', async () => {
  const held = { one: true, two: true };
  const made = withdrawals('one', 'two');
  says.set(
    'one',
    lasts({ kind: 'silent' }, () => held.one),
  );
  says.set(
    'two',
    lasts(approved(1), () => held.two),
  );
  const holds = await weighed(made);
  expect(holds?.()).toBe(true);
  held.two = false;
  expect(holds?.()).toBe(false);
  says.set('two', always({ kind: 'silent' }));
  expect(await weighed(made)).toBeUndefined();
});

test('it ends when a withdrawal is stored or lifted, by whom and of whatever', async () => {
  const made = withdrawals('one');
  says.set('one', lasts({ kind: 'silent' }));
  const other: Withdrawal = {
    source: 'one',
    repository: 'reg.example/acme/other',
    digest: B,
    at: NOW,
    seenAt: NOW,
    versions: new Map(),
  };
  for (const work of [() => state.withdraw(other), () => state.liftWithdrawal(other)]) {
    const holds = await weighed(made);
    expect(holds?.()).toBe(true);
    await work();
    expect(holds?.()).toBe(false);
  }
});

test('it does not hold where a source could not be asked, was not waited for, or has an objection of any kind', async () => {
  const made = withdrawals('one');
  for (const told of [{ kind: 'unknown' }, { kind: 'ended', why: 'x' }, withdrawn()] as const) {
    says.set('one', lasts(told));
    expect(await weighed(made)).toBeUndefined();
  }
  const slow = withdrawals('slow');
  says.set('slow', () => new Promise(() => undefined));
  const first = weighed(slow);
  await Promise.resolve();
  for (const timer of timers.splice(0)) timer();
  expect(await first).toBeUndefined();
  expect(await weighed(slow)).toBeUndefined();
});

test('nor where the store cannot tell without being read', async () => {
  const store = Object.create(state, { withdrawalsMoved: { value: () => undefined } }) as StateStore;
  says.set('one', lasts({ kind: 'silent' }));
  expect(await weighed(withdrawals('one'))).toBeDefined();
  state = store;
  expect(await weighed(withdrawals('one'))).toBeUndefined();
});

test('where nobody can take anything back it holds for ever', async () => {
  expect((await weighed(withdrawals()))?.()).toBe(true);
});
