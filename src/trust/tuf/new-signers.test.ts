import { expect, test } from 'vitest';
import { ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { newSigners, type View } from './collection.ts';

const NOW = Date.UTC(2026, 10, 21);
const NEW = tufKey('ed25519', 'new');

/** From the view before to the one after, with the delegated files that a search for `app:1` loads. */
function appeared(repository: TufRepository, change: (repository: TufRepository) => TufRepository): readonly string[] {
  const ctx = contextOf(repository.publish());
  const view = (): View => ask(ctx, repository, refresh(ctx, repository, NOW).view, 'app:1', NOW).view;
  const before = view();
  change(repository).publish();
  return newSigners(before, view());
}

const delegated = (): TufRepository => new TufRepository(NOW).delegate('app', { paths: ['app:*'] });

test('nobody is new while the keys stay', () => {
  expect(appeared(delegated(), (repository) => repository.touch('root').touch('app'))).toEqual([]);
});

test.each(['root', 'timestamp', 'snapshot', 'targets', 'app'])('a new key of %s is seen', (role) => {
  const [old] = delegated().authority(role).keys;
  expect(appeared(delegated(), (repository) => repository.rotate(role, [NEW]))).toEqual([NEW.keyId]);
  expect(old?.keyId).not.toBe(NEW.keyId);
});

test('a new delegation is seen, a nested one too, and one to hash bins', () => {
  const keys = [NEW];
  const paths = ['app:*'];
  expect(appeared(delegated(), (repository) => repository.delegate('other', { keys, paths }))).toEqual([NEW.keyId]);
  expect(appeared(delegated(), (repository) => repository.delegate('below', { keys, paths, by: 'app' }))).toEqual([
    NEW.keyId,
  ]);
  expect(appeared(delegated(), (repository) => repository.bins('bin', { bits: 1, keys, by: 'app' }))).toEqual([
    NEW.keyId,
  ]);
});

test('new keys of bins are seen, and a key that goes is no new one', () => {
  const binned = (): TufRepository => new TufRepository(NOW).bins('bin', { bits: 1 });
  expect(appeared(binned(), (repository) => repository.rotate('bin-0', [NEW]))).toEqual([NEW.keyId]);
  expect(appeared(delegated(), (repository) => repository.undelegate('app'))).toEqual([]);
});

test('a key that may sign something else already is not new', () => {
  const change = (repository: TufRepository): TufRepository =>
    repository.delegate('other', { keys: repository.authority('root').keys, paths: ['app:*'] });
  expect(appeared(delegated(), change)).toEqual([]);
});
