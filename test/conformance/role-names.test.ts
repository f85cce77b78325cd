import { expect, test } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW } from './client.ts';

test.each([
  ['?', '1.%3F.json'],
  ['#', '1.%23.json'],
  ['/team', '1.%2Fteam.json'],
  ['../team', '1...%2Fteam.json'],
  ['a%2fb', '1.a%252fb.json'],
])('the role %s is asked for as %s, kept, and found again', async (role, file) => {
  const repository = new TufRepository(NOW).delegate(role, { paths: ['*'] }).publish();
  const client = new Client(repository);
  expect(await client.find('nothing')).toMatchObject({ outcome: 'trust.unsigned' });
  expect(client.asked().slice(4)).toEqual([file]);
  expect(await client.keptOf(repository)).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1, [role]: 1 });
  expect(await client.find('nothing')).toMatchObject({ outcome: 'trust.unsigned' });
  expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
});
