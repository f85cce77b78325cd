import { expect, test } from 'vitest';
import { ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { endsByPeople } from './collection.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

function endsOf(repository: TufRepository): [string, number][] {
  const ctx = contextOf(repository.publish());
  return [...endsByPeople(ask(ctx, repository, refresh(ctx, repository, NOW).view, 'app:1', NOW).view)];
}

test('people sign root, targets and its delegations; a server signs the timestamp, and the snapshot by a key of its own', () => {
  const repository = new TufRepository(NOW).delegate('app');
  repository.of('app').expires = NOW + 3 * DAY;
  repository.of('targets').expires = NOW + 5 * DAY;
  expect(endsOf(repository)).toEqual([
    ['root', NOW + 365 * DAY],
    ['targets', NOW + 5 * DAY],
    ['app', NOW + 3 * DAY],
  ]);
});

test.each(['root', 'targets'])('a snapshot that a key of %s may sign is a person’s', (role) => {
  const repository = new TufRepository(NOW);
  const [own] = repository.authority('snapshot').keys;
  const [person] = repository.authority(role).keys;
  repository.authorize('snapshot', { keys: [own!, person!] });
  expect(endsOf(repository)).toEqual([
    ['root', NOW + 365 * DAY],
    ['snapshot', NOW + 7 * DAY],
    ['targets', NOW + 365 * DAY],
  ]);
});
