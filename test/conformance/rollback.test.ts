import { beforeEach, describe, expect, test } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW } from './client.ts';

/** Old files again, signed by the right keys; and the way back from versions that an attacker drove up. */
let repository: TufRepository;
let client: Client;

beforeEach(() => {
  repository = new TufRepository(NOW).publish();
  client = new Client(repository);
});

const kept = () => client.keptOf(repository);

describe('what went back', () => {
  test('timestamp: is refused, and nothing more is asked for', async () => {
    repository.publish();
    await client.refresh();
    client.asked();
    repository.publish({ timestamp: 1 });
    expect(await client.refresh()).toBe('trust.rollback');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
    expect(await kept()).toMatchObject({ timestamp: 2 });
  });

  describe.each([false, true])('with hashes in the metadata: %s', (hashed) => {
    beforeEach(async () => {
      repository.hashed = hashed;
      repository.touch('targets').publish();
      await client.refresh();
      client.asked();
    });

    test('snapshot: the new timestamp that names it is refused', async () => {
      repository.publish({ snapshot: 1 });
      expect(await client.refresh()).toBe('trust.rollback');
      expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
      expect(await kept()).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    });

    test('targets: the new snapshot that names it is refused', async () => {
      repository.publish({ targets: 1 });
      expect(await client.refresh()).toBe('trust.rollback');
      expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', '3.snapshot.json']);
      expect(await kept()).toEqual({ root: 1, timestamp: 3, snapshot: 2, targets: 2 });
    });
  });

  test('a role that the snapshot listed and lists no more: is refused', async () => {
    repository.delegate('team', { paths: ['team/*'] }).publish();
    await client.refresh();
    repository.unlisted.add('team');
    repository.touch('snapshot').publish();
    expect(await client.refresh()).toBe('trust.rollback');
    expect(await kept()).toMatchObject({ snapshot: 2 });
  });
});

describe('recovery, once the keys are new', () => {
  test('of the snapshot: targets may go back, and roles may go', async () => {
    repository.delegate('team', { paths: ['team/*'] }).publish({ targets: 100 });
    await client.refresh();
    expect(await kept()).toMatchObject({ targets: 100 });
    repository.rotate('snapshot').unlisted.add('team');
    repository.publish({ targets: 1 });
    expect(await client.refresh()).toBe('done');
    expect(await kept()).toEqual({ root: 2, timestamp: 3, snapshot: 3, targets: 1 });
  });

  test('of snapshot and timestamp: the snapshot may go back', async () => {
    repository.publish({ snapshot: 100 });
    await client.refresh();
    repository.rotate('snapshot').rotate('timestamp').publish({ snapshot: 1 });
    expect(await client.refresh()).toBe('done');
    expect(await kept()).toEqual({ root: 2, timestamp: 3, snapshot: 1, targets: 1 });
  });

  test('of the timestamp: it may go back', async () => {
    repository.publish({ timestamp: 100 });
    await client.refresh();
    repository.rotate('timestamp').publish({ timestamp: 1 });
    expect(await client.refresh()).toBe('done');
    expect(await kept()).toEqual({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test('not by a key that was added beside the old one', async () => {
    repository.publish({ timestamp: 100 });
    await client.refresh();
    const keys = [...repository.authority('timestamp').keys, repository.newKey()];
    repository.authorize('timestamp', { keys }).publish({ timestamp: 1 });
    expect(await client.refresh()).toBe('trust.rollback');
    expect(await kept()).toMatchObject({ root: 2, timestamp: 100 });
  });
});
