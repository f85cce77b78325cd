import { expect, test } from 'vitest';
import { contextOf, refresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { contextOf as tufContext, refresh as tufRefresh } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { effectivePaths } from './delegation-path.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';

test('of the paths of a role those count that begin with one of its delegator’s', () => {
  const repository = new NotaryRepository(GUN, NOW)
    .delegate('targets/a', { paths: ['rel-', 'nightly'] })
    .delegate('targets/a/b', { paths: ['rel-1', 'rel', 'x', 'nightly'] });
  const { view } = refresh(contextOf(GUN), repository.publish(), NOW);
  expect(effectivePaths(view, 'targets')).toEqual(['']);
  expect(effectivePaths(view, 'targets/a')).toEqual(['rel-', 'nightly']);
  expect(effectivePaths(view, 'targets/a/b')).toEqual(['rel-1', 'nightly']);
});

test('a role whose delegator is not there, or does not name it, may speak for nothing', () => {
  const { view } = refresh(contextOf(GUN), new NotaryRepository(GUN, NOW).delegate('targets/a').publish(), NOW);
  expect(effectivePaths(view, 'targets/b')).toEqual([]);
  expect(effectivePaths(view, 'targets/b/c')).toEqual([]);
});

test('patterns of TUF 1.0 are no prefixes', () => {
  const repository = new TufRepository(NOW).delegate('targets/a', { paths: ['app'] }).publish();
  const { view } = tufRefresh(tufContext(repository), repository, NOW);
  expect(effectivePaths(view, 'targets/a')).toEqual([]);
});
