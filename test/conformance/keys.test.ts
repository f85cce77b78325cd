import { beforeEach, describe, expect, test } from 'vitest';
import type { Plain } from '../../src/simulator/tuf-document.ts';
import { broken, silent, tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW } from './client.ts';

/** Thresholds, keys listed twice, signatures made twice, and the three kinds of key of the specification. */
let repository: TufRepository;
let client: Client;

beforeEach(() => {
  repository = new TufRepository(NOW).publish();
  client = new Client(repository);
});

const kept = () => client.keptOf(repository);
const someKeys = (count: number) => Array.from({ length: count }, () => repository.newKey());

test('two signatures of three that are needed are too few', async () => {
  const keys = someKeys(3);
  repository.authorize('snapshot', { keys, threshold: 3 }).publish();
  expect(await client.refresh()).toBe('done');
  repository.of('snapshot').signers = keys.slice(0, 2);
  repository.touch('snapshot').publish();
  expect(await client.refresh()).toBe('trust.threshold');
  expect(await kept()).toEqual({ root: 2, timestamp: 3, snapshot: 2, targets: 1 });
});

test('a threshold above the number of keys is never met, and the root that says so stands', async () => {
  await client.refresh();
  repository.authorize('snapshot', { keys: someKeys(5), threshold: 6 }).publish();
  expect(await client.refresh()).toBe('trust.threshold');
  // The old snapshot does not stand under this root either, and its versions are no floor any more.
  expect(await kept()).toEqual({ root: 2, timestamp: 2 });
});

test('one key that is listed nine times, with nine equal signatures, counts for nothing', async () => {
  const key = repository.newKey();
  repository.authorize('snapshot', { keys: [key], threshold: 6 });
  repository.edits.set('root', (signed) => {
    const roles = signed['roles'] as Record<string, Plain>;
    roles['snapshot']!['keyids'] = Array.from({ length: 9 }, () => key.keyId);
  });
  repository.of('snapshot').signers = Array.from({ length: 9 }, () => key);
  repository.publish();
  expect(await client.refresh()).toBe('trust.malformed');
  expect(await kept()).toEqual({ root: 1 });
});

test('a file with two signatures of one key id is refused as a whole, though one is enough', async () => {
  const [key] = repository.authority('snapshot').keys;
  repository.of('snapshot').signers = [key!, key!];
  repository.touch('snapshot').publish();
  expect(await client.refresh()).toBe('trust.malformed');
  expect(await kept()).toEqual({ root: 1, timestamp: 2 });
});

describe.each(['rsa', 'p256', 'ed25519'] as const)('a key of the kind %s', (kind) => {
  test('signs, and its signature of something else does not', async () => {
    const [old] = repository.authority('root').keys;
    const added = tufKey(kind, 'second of two');
    repository.authorize('root', { keys: [old!, added], threshold: 2 }).publish();
    expect(await client.refresh()).toBe('done');
    repository.of('root').signers = [old!, broken(added)];
    repository.touch('root').publish();
    expect(await client.refresh()).toBe('trust.threshold');
    expect(await kept()).toMatchObject({ root: 2 });
  });
});

test('a wrong signature, or an empty one, beside enough right ones does no harm', async () => {
  const [first] = repository.authority('timestamp').keys;
  const second = repository.newKey();
  repository.authorize('timestamp', { keys: [first!, second] });
  for (const signers of [
    [broken(first!), second],
    [silent(first!), second],
  ]) {
    repository.of('timestamp').signers = signers;
    repository.publish();
    expect(await client.refresh()).toBe('done');
  }
  expect(await kept()).toMatchObject({ timestamp: 3 });
});
