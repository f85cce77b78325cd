import { beforeEach, describe, expect, test } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, DAY, NOW } from './client.ts';

/** Metadata that has ended: what is offered, and what lies on the disk. */
const TOP = ['root', 'timestamp', 'snapshot', 'targets'] as const;
let repository: TufRepository;
let client: Client;

beforeEach(async () => {
  repository = new TufRepository(NOW).publish();
  client = new Client(repository);
  await client.refresh();
  client.asked();
});

function publishExpired(role: string, at = NOW - DAY): void {
  repository.of(role).expires = at;
  for (const each of TOP) repository.touch(each);
  repository.publish();
}

describe('an expired', () => {
  test('root is kept, because it is the newest that the publisher made, and ends the update', async () => {
    publishExpired('root');
    expect(await client.refresh()).toBe('trust.expired');
    expect(client.asked()).toEqual(['2.root.json', '3.root.json']);
    expect(await client.keptOf(repository)).toEqual({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test.each([
    ['timestamp', { timestamp: 1, snapshot: 1, targets: 1 }],
    ['snapshot', { timestamp: 2, snapshot: 1, targets: 1 }],
    ['targets', { timestamp: 2, snapshot: 2, targets: 1 }],
  ])('%s is not kept', async (role, after) => {
    publishExpired(role);
    expect(await client.refresh()).toBe('trust.expired');
    expect(await client.keptOf(repository)).toEqual({ root: 2, ...after });
  });

  test('file is one whose instant has come, not only one whose instant has passed', async () => {
    publishExpired('targets', NOW);
    expect(await client.refresh()).toBe('trust.expired');
    repository.of('targets').expires = NOW + 1_000;
    repository.touch('targets').publish();
    expect(await client.refresh()).toBe('done');
  });
});

describe('what is kept and has expired since', () => {
  test('root: does not stand in the way of the next', async () => {
    repository.of('root').expires = NOW + DAY;
    repository.touch('root').publish();
    expect(await client.refresh()).toBe('done');
    client.now += 2 * DAY;
    repository.of('root').expires = NOW + 9 * DAY;
    repository.of('timestamp').expires = NOW + 9 * DAY;
    repository.touch('root').publish();
    expect(await client.refresh()).toBe('done');
    expect(await client.keptOf(repository)).toMatchObject({ root: 3, timestamp: 3 });
  });

  test('timestamp: does not stand in the way of the next', async () => {
    client.now += 2 * DAY;
    repository.of('timestamp').expires = NOW + 9 * DAY;
    repository.touch('targets').publish();
    expect(await client.refresh()).toBe('done');
    expect(await client.keptOf(repository)).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
  });

  test('timestamp: is not extended by serving it again', async () => {
    client.now += 2 * DAY;
    expect(await client.refresh()).toBe('trust.expired');
  });
});
