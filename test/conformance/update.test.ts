import { beforeEach, describe, expect, test } from 'vitest';
import type { Plain } from '../../src/simulator/tuf-document.ts';
import { dressed, tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, DAY } from './client.ts';
import { NOW } from './client.ts';

/** One update: what is asked for, in which order, and what is kept when something on the way is refused. */
const TOP = ['root', 'timestamp', 'snapshot', 'targets'] as const;
let repository: TufRepository;
let client: Client;

beforeEach(() => {
  repository = new TufRepository(NOW).publish();
  client = new Client(repository);
});

/** A new version of all four files. */
function publishAll(): TufRepository {
  for (const role of TOP) repository.touch(role);
  return repository.publish();
}

const kept = () => client.keptOf(repository);

describe('an honest repository', () => {
  test('is read in four requests, and kept to the byte', async () => {
    expect(await client.refresh()).toBe('done');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    expect(await kept()).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test('costs two requests when nothing is new', async () => {
    await client.refresh();
    client.asked();
    expect(await client.refresh()).toBe('done');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
  });

  test('is asked for what is new alone', async () => {
    await client.refresh();
    client.asked();
    repository.resign('snapshot').resign('timestamp');
    expect(await client.refresh()).toBe('done');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', '2.snapshot.json']);
    publishAll();
    expect(await client.refresh()).toBe('done');
    expect(client.asked()).toEqual([
      '2.root.json',
      '3.root.json',
      'timestamp.json',
      '3.snapshot.json',
      '2.targets.json',
    ]);
    expect(await kept()).toEqual({ root: 2, timestamp: 3, snapshot: 3, targets: 2 });
  });

  test('is updated before anything is looked for in it', async () => {
    expect(await client.find('nothing of that name')).toEqual({ outcome: 'trust.unsigned', entries: [] });
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    expect(await kept()).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test('is kept as it was written, not as it was understood', async () => {
    repository.rewrites.set('timestamp', (bytes) => Buffer.concat([bytes, Buffer.from(' \n')]));
    repository.publish();
    expect(await client.refresh()).toBe('done');
    expect((await client.kept()).get('timestamp')).toEqual(repository.at('timestamp', 2));
  });

  test('may carry hashes and lengths of its files', async () => {
    repository.hashed = true;
    publishAll();
    expect(await client.refresh()).toBe('done');
  });

  test('may say what nobody knows, in a file, a key and a role', async () => {
    const odd = dressed(tufKey('ed25519', 'odd'), { 'x-owner': { a: 1, b: [null, 'ü'] } });
    repository.authorize('root', { keys: [...repository.authority('root').keys, odd] });
    repository.edits.set('root', (signed) => {
      signed['x-note'] = 'for people';
      Object.assign((signed['roles'] as Record<string, Plain>)['root']!, { 'x-signers': 2 });
    });
    repository.publish();
    expect(await client.refresh()).toBe('done');
    expect(await kept()).toMatchObject({ root: 2 });
  });

  test('may have keys with the hash algorithms of old, which mean nothing', async () => {
    const keys = [dressed(tufKey('p256', 'old'), { keyid_hash_algorithms: 'md5' })];
    repository.rotate('snapshot', keys).publish();
    expect(await client.refresh()).toBe('done');
    expect(await kept()).toEqual({ root: 2, timestamp: 2, snapshot: 2, targets: 1 });
  });
});

describe('an anchor that does not hold', () => {
  const begin = (change: (text: string) => string): Client =>
    new Client(repository, Buffer.from(change(Buffer.from(repository.at('root')).toString())));

  test.each([
    ['has no version', 'trust.malformed', (text: string) => text.replace('"version":1,', '')],
    [
      'has the signature of something else',
      'trust.signature',
      (text: string) => text.replace(/"sig":"[0-9a-f]{128}"/, `"sig":"${'0a'.repeat(64)}"`),
    ],
  ])('because it %s fails before anything is asked for', async (_, code, change) => {
    client = begin(change);
    expect(await client.refresh()).toBe(code);
    expect(client.asked()).toEqual([]);
    expect(await kept()).toEqual({});
  });
});

describe('a file that nobody signed', () => {
  test.each([
    ['root', { root: 1 }],
    ['timestamp', { root: 2 }],
    ['snapshot', { root: 2, timestamp: 2 }],
    ['targets', { root: 2, timestamp: 2, snapshot: 2 }],
  ] as const)('%s: is refused, and what came before it stays', async (role, before) => {
    repository.of(role).signers = [];
    publishAll();
    expect(await client.refresh()).toBe('trust.signature');
    expect(await kept()).toEqual(before);
  });
});

describe('a file that says another version than its name', () => {
  test.each([
    ['root', 'trust.root-chain', { root: 1 }],
    ['snapshot', 'trust.hash', { root: 2, timestamp: 2 }],
    ['targets', 'trust.hash', { root: 2, timestamp: 2, snapshot: 2 }],
  ] as const)('%s: is refused', async (role, code, before) => {
    publishAll().forge(role, { version: 3 });
    expect(await client.refresh()).toBe(code);
    expect(await kept()).toEqual(before);
  });
});

test('a timestamp with other content under the same version changes nothing, and is told', async () => {
  await client.refresh();
  client.asked();
  repository.forge('timestamp', { edit: (signed) => (signed['meta'] = { 'snapshot.json': { version: 100 } }) });
  expect(await client.refresh()).toBe('done');
  expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
  expect(await kept()).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
  expect(client.alarms).toEqual(['trust.equal-version']);
});

describe('a wrong hash', () => {
  beforeEach(async () => {
    repository.hashed = true;
    await client.refresh();
    client.asked();
  });

  const wrong = (file: string) => (signed: Plain) => {
    const meta = signed['meta'] as Record<string, Plain>;
    meta[file]!['hashes'] = { sha256: '0'.repeat(64) };
  };

  test('of targets: the snapshot is kept, the targets are not', async () => {
    repository.edits.set('snapshot', wrong('targets.json'));
    repository.touch('targets').publish();
    expect(await client.refresh()).toBe('trust.hash');
    expect(await kept()).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 1 });
  });

  test('of the snapshot: the timestamp is kept, the snapshot is not', async () => {
    repository.edits.set('timestamp', wrong('snapshot.json'));
    repository.touch('snapshot').publish();
    expect(await client.refresh()).toBe('trust.hash');
    expect(await kept()).toEqual({ root: 1, timestamp: 2, snapshot: 1, targets: 1 });
  });
});

describe('a file that is missing', () => {
  beforeEach(async () => {
    await client.refresh();
    repository.touch('targets').publish();
  });

  test.each([
    ['timestamp', 'timestamp.json', 'trust.unreachable', { timestamp: 1, snapshot: 1, targets: 1 }],
    ['snapshot', '2.snapshot.json', 'trust.hash', { timestamp: 2, snapshot: 1, targets: 1 }],
    ['targets', '2.targets.json', 'trust.hash', { timestamp: 2, snapshot: 2, targets: 1 }],
  ] as const)('%s: ends the update, and is asked for once', async (_, file, code, after) => {
    repository.files.drop(file);
    client.asked();
    expect(await client.refresh()).toBe(code);
    const asked = client.asked();
    expect(asked.filter((each) => each === file)).toEqual([file]);
    expect(asked.at(-1)).toBe(file);
    expect(await kept()).toEqual({ root: 1, ...after });
  });

  test('is taken as soon as it is there, although the timestamp that names it is known', async () => {
    const late = repository.files.get('2.targets.json')!;
    repository.files.drop('2.targets.json');
    expect(await client.refresh()).toBe('trust.hash');
    repository.files.replace('2.targets.json', late);
    client.asked();
    expect(await client.refresh()).toBe('done');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', '2.targets.json']);
    expect(await kept()).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });
});

test('a snapshot in the place of the timestamp is refused, though the timestamp key signed it', async () => {
  const both = [...repository.authority('snapshot').keys, ...repository.authority('timestamp').keys];
  repository.authorize('snapshot', { keys: both }).publish();
  const snapshot = repository.sign('snapshot', {
    version: 2,
    edit: (signed) => (signed['meta'] = { 'snapshot.json': { version: 1 } }),
  });
  repository.files.replace('timestamp.json', snapshot);
  expect(await client.refresh()).toBe('trust.malformed');
  expect(await kept()).toEqual({ root: 2 });
});

test('time passes for the client: a root that was good a day ago is expired', async () => {
  repository.of('root').expires = NOW + DAY;
  repository.touch('root').publish();
  expect(await client.refresh()).toBe('done');
  client.now += DAY;
  expect(await client.refresh()).toBe('trust.expired');
});
