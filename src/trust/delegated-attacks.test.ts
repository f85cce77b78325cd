import { beforeEach, expect, test } from 'vitest';
import { tufKey } from '../simulator/tuf-key.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { ask } from './ask.ts';
import { Collection } from './collection.ts';
import { nodeCrypto } from './crypto.ts';
import type { MetadataSource } from './metadata-source.ts';
import { tufFileName } from './tuf-file-name.ts';
import type { Signers } from './tuf/collection.ts';
import type { Format } from './tuf/format/format.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/** Searches and updates that overtake each other, and delegators who name the same role. */
const NOW = Date.UTC(2026, 10, 21);
const one = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 } as const;
const evil = tufKey('ed25519', 'evil');

let repository: TufRepository;
let pinned: Uint8Array;
let state: StateStore;
let clock: number;
/** What the source waits for before it answers with what it had when asked, by file name. */
let held: Map<string, Promise<void>>;
/** Roles, each time a targets file was read. */
let parsed: string[];

beforeEach(() => {
  parsed = [];
  state = openSqliteStore(':memory:');
  clock = NOW;
  held = new Map();
});

const source: MetadataSource = {
  async fetch(file) {
    const bytes = repository.files.get(tufFileName(file));
    await held.get(tufFileName(file));
    return bytes && [bytes];
  },
};

const format: Format = {
  ...tufFormat,
  targets(name, role, bytes, crypto) {
    parsed.push(role);
    return tufFormat.targets(name, role, bytes, crypto);
  },
};

/** Patience with the source ends at once, so that an update never delays those who have a view. */
function open(): Promise<Collection> {
  const anchor = { kind: 'root-file', bytes: pinned } as const;
  return Collection.open(
    {
      source: 'approvals',
      gun: '*',
      ctx: { format, gun: 'approvals', anchor, crypto: nodeCrypto },
      metadata: source,
    },
    {
      store: state,
      checkEveryMs: 60_000,
      staleIfUnreachableMs: 'until_expiry',
      maxBytes: 64 << 20,
      now: () => clock,
      on: () => undefined,
      schedule: (task, ms) => {
        if (ms === 2_000) task();
        return () => undefined;
      },
    },
  );
}

function publish(made: TufRepository, versions: Record<string, number> = {}): Promise<Collection> {
  repository = made.publish(versions);
  pinned = made.at('root', 1);
  return open();
}

/** @returns lets the source answer */
function hold(name: string): () => void {
  let go = (): void => undefined;
  held.set(name, new Promise((resolve) => (go = resolve)));
  return () => {
    held.delete(name);
    go();
  };
}

async function outcome(collection: Collection, target: string, signers?: Signers): Promise<string> {
  const { verdict } = await ask(collection, { kind: 'target', target, ...(signers && { signers }) });
  return verdict.outcome === 'signed' ? 'signed' : verdict.reason;
}

/** Everything that can go on does. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function floorOf(role: string): Promise<number | undefined> {
  const stored = await state.loadTrust({ source: 'approvals', gun: '*' });
  return stored?.floors.find((file) => file.role === role)?.version;
}

/** Whoever stole the online keys, and x's, signed versions up to 1,000; the publisher begins anew under new keys. */
async function fastForwarded(): Promise<Collection> {
  const made = new TufRepository(NOW).delegate('a').delegate('x').put('a:1', one, 'a').put('x:1', one, 'x');
  const collection = await publish(made, { x: 1_000, snapshot: 1_000, timestamp: 1_000 });
  expect(await outcome(collection, 'a:1')).toBe('signed');
  return collection;
}

function recover(): void {
  repository.rotate('snapshot').rotate('timestamp').rotate('x');
  repository.publish({ x: 3, snapshot: 3, timestamp: 3, targets: 3 });
  clock += 120_000;
}

test('a search puts a fast-forwarded version on the shelf while the recovery is on its way: recovery takes it too', async () => {
  const collection = await fastForwarded();
  recover();
  const go = hold('2.root.json');
  expect(await outcome(collection, 'x:1')).toBe('signed');
  expect(await floorOf('x')).toBe(1_000);
  go();
  await collection.again();
  expect(await outcome(collection, 'x:1')).toBe('signed');
  expect(await floorOf('x')).toBe(3);
  expect(await outcome(await open(), 'x:1')).toBe('signed');
});

test('a search ends with a fast-forwarded version after the recovery: it is not put on the shelf any more', async () => {
  const collection = await fastForwarded();
  const go = hold('1000.x.json');
  const slow = outcome(collection, 'x:1');
  await settled();
  recover();
  await collection.again();
  go();
  expect(await slow).toBe('signed');
  expect(await floorOf('x')).toBeUndefined();
  expect(await outcome(collection, 'x:1')).toBe('signed');
  expect(await floorOf('x')).toBe(3);
});

test('a search on an old view ends after one on the new: it has its answer, and the newer file stays', async () => {
  const collection = await publish(new TufRepository(NOW).delegate('x').put('x:1', one, 'x'));
  const go = hold('1.x.json');
  const slow = outcome(collection, 'x:1');
  await settled();
  repository.touch('x').publish();
  clock += 120_000;
  await collection.again();
  expect(await outcome(collection, 'x:1')).toBe('signed');
  go();
  expect(await slow).toBe('signed');
  expect(await floorOf('x')).toBe(2);
  expect(await outcome(await open(), 'x:1')).toBe('signed');
});

test('a delegator names the role of another, with keys of its own: its failure is not the failure of the other', async () => {
  const made = new TufRepository(NOW)
    .delegate('dev')
    .delegate('x')
    .delegate('x', { by: 'dev', paths: ['dev:*'] });
  made.of('x').signers = made.authority('x', 'targets').keys;
  const collection = await publish(made.put('x:1', one, 'x'));
  const go = hold(made.fileOf('x'));
  const first = outcome(collection, 'dev:1');
  await settled();
  const second = outcome(collection, 'x:1');
  await settled();
  go();
  expect([await first, await second]).toEqual(['trust.signature', 'signed']);
  expect(await outcome(collection, 'dev:1')).toBe('trust.signature');
  expect(await outcome(collection, 'x:1')).toBe('signed');
});

test('nor is it when an id of a key is made to look like several keys', async () => {
  const made = new TufRepository(NOW).delegate('dev');
  const [a, b] = [tufKey('ed25519', 'a'), tufKey('ed25519', 'b')].sort((one, two) => (one.keyId < two.keyId ? -1 : 1));
  made.delegate('x', { keys: [a!, b!] });
  const { public: hex } = a!.entry['keyval'] as { public: string };
  const id = `${a!.keyId}=ed25519:${hex}\n${b!.keyId}`;
  made.delegate('x', { by: 'dev', paths: ['dev:*'], keys: [{ ...b!, keyId: id }] });
  made.of('x').signers = [a!];
  const collection = await publish(made.put('x:1', one, 'x'));
  expect(await outcome(collection, 'dev:1')).toBe('trust.signature');
  expect(await outcome(collection, 'x:1')).toBe('signed');
});

test('two signers of a rule are one role, as two delegators name it: what fails for one is not held against the other', async () => {
  const made = new TufRepository(NOW).delegate('dev', { paths: ['app:*'] }).delegate('org', { paths: ['app:*'] });
  made.delegate('qa', { by: 'org', paths: ['app:*'] }).delegate('qa', { by: 'dev', paths: ['app:*'], keys: [evil] });
  made.of('qa').signers = made.authority('qa', 'org').keys;
  const collection = await publish(made.put('app:1', one, 'qa'));
  const signers = { atLeast: 1, of: ['dev > qa', 'org > qa'] };
  expect(await outcome(collection, 'app:1', signers)).toBe('signed');
});

test('a delegator names a large role of another: pulls of its own names do not parse it each time', async () => {
  const made = new TufRepository(NOW)
    .delegate('dev')
    .delegate('x')
    .delegate('x', { by: 'dev', paths: ['dev:*'] });
  made.of('x').signers = made.authority('x', 'targets').keys;
  const collection = await publish(made.put('x:1', one, 'x'));
  expect(await outcome(collection, 'x:1')).toBe('signed');
  expect(await outcome(collection, 'dev:1')).toBe('trust.signature');
  parsed = [];
  for (let i = 0; i < 5; i++) expect(await outcome(collection, `dev:${i}`)).toBe('trust.signature');
  expect(parsed).toEqual([]);
});
