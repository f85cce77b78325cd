import { expect, test } from 'vitest';
import { contextOf } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { delegatorsIn, type Loaded } from './delegators.ts';
import { trustFile } from './trusted.ts';

const one = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };

function loaded(repository: TufRepository, ...roles: string[]): Loaded {
  const { format, gun, crypto } = contextOf(repository.publish());
  return new Map(
    ['targets', ...roles].map((role) => {
      const bytes = repository.at(role);
      const { model } = format.targets(gun, role, bytes, crypto);
      return [role, { model, file: trustFile(role, 1, bytes), signers: [], signerKeys: [] }];
    }),
  );
}

const made = (): TufRepository => new TufRepository(Date.UTC(2026, 10, 21));

test('who delegates to a role, and below whom it lies', () => {
  const repository = made()
    .delegate('a')
    .delegate('b')
    .delegate('shared', { by: 'a' })
    .delegate('shared', { by: 'b' })
    .delegate('deep', { by: 'shared' });
  const all = delegatorsIn(loaded(repository, 'a', 'b', 'shared'));
  expect(['a', 'shared', 'deep', 'x'].map((role) => all.to(role).map((by) => by.role))).toEqual([
    ['targets'],
    ['a', 'b'],
    ['shared'],
    [],
  ]);
  expect(['a', 'shared', 'deep', 'x', 'targets'].map(all.headsOf)).toEqual([['a'], ['a', 'b'], ['a', 'b'], [], []]);
});

test('a circle has the heads that lead into it, each once', () => {
  const repository = made().delegate('a').delegate('b', { by: 'a' }).delegate('a', { by: 'b' });
  expect(['a', 'b'].map(delegatorsIn(loaded(repository, 'a', 'b')).headsOf)).toEqual([['a'], ['a']]);
});

test('bins are delegated to as far as they are loaded, and no other role that is called alike', () => {
  const repository = made().bins('bin', { bits: 1 }).delegate('binary', { by: 'bin-0' });
  const all = delegatorsIn(loaded(repository, 'bin-0', 'binary'));
  expect(['bin-0', 'bin-1', 'binary'].map((role) => all.to(role).map((by) => by.role))).toEqual([
    ['targets'],
    [],
    ['bin-0'],
  ]);
  let steps = 0;
  const permits = all.to('bin-0')[0]!.permits('name', { spend: (count) => void (steps += count) });
  expect([typeof permits, steps]).toEqual(['boolean', 4]);
});

test('a look may cost 4,194,304, and 256 for each name', () => {
  const repository = made().delegate('a').put('a:1', one, 'a').put('a:2', one, 'a').put('top', one);
  expect(delegatorsIn(loaded(repository, 'a')).most).toBe(4_194_304 + 3 * 256);
});
