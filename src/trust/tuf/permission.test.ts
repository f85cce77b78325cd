import { describe, expect, test } from 'vitest';
import { contextOf } from '../../simulator/tuf-refresh.ts';
import { binOf } from '../../simulator/tuf-role.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import type { Accepted, Targets } from './collection.ts';
import { mayName, mightName } from './permission.ts';
import { trustFile } from './trusted.ts';

const NOW = Date.UTC(2026, 10, 21);

/** These roles of the repository, as loaded. */
function loaded(repository: TufRepository, ...roles: string[]): ReadonlyMap<string, Accepted<Targets>> {
  const { format, gun, crypto } = contextOf(repository.publish());
  return new Map(
    roles.map((role) => {
      const bytes = repository.at(role);
      const { model } = format.targets(gun, role, bytes, crypto);
      return [role, { model, file: trustFile(role, model.version, bytes), signers: [], signerKeys: [] }];
    }),
  );
}

test('targets may speak for every name, a role that nobody delegates to for none', () => {
  const files = loaded(new TufRepository(NOW).delegate('a'), 'targets', 'a');
  expect(mayName(files, 'targets', 'anything')).toBe(true);
  expect(mayName(files, 'b', 'a:1')).toBe(false);
});

test('a role may speak for what its delegation permits', () => {
  const files = loaded(new TufRepository(NOW).delegate('a', { paths: ['a:*', 'x'] }), 'targets', 'a');
  expect(['a:1', 'x', 'b:1'].map((name) => mayName(files, 'a', name))).toEqual([true, true, false]);
});

test('every delegator on the way must permit it', () => {
  const repository = new TufRepository(NOW)
    .delegate('a', { paths: ['a:*'] })
    .delegate('below', { by: 'a', paths: ['*'] });
  const files = loaded(repository, 'targets', 'a', 'below');
  expect(['a:1', 'b:1'].map((name) => mayName(files, 'below', name))).toEqual([true, false]);
});

test('one of several ways is enough', () => {
  const repository = new TufRepository(NOW)
    .delegate('a', { paths: ['a:*'] })
    .delegate('b', { paths: ['b:*'] })
    .delegate('shared', { by: 'a', paths: ['*'] })
    .delegate('shared', { by: 'b', paths: ['*'] });
  const files = loaded(repository, 'targets', 'a', 'b', 'shared');
  expect(['a:1', 'b:1', 'c:1'].map((name) => mayName(files, 'shared', name))).toEqual([true, true, false]);
});

test('a way through a file that is not loaded is none', () => {
  const repository = new TufRepository(NOW)
    .delegate('a', { paths: ['*'] })
    .delegate('below', { by: 'a', paths: ['*'] });
  expect(mayName(loaded(repository, 'targets', 'below'), 'below', 'x')).toBe(false);
});

test('a circle leads nowhere', () => {
  const repository = new TufRepository(NOW).delegate('a', { paths: ['a'] }).delegate('b', { by: 'a', paths: ['*'] });
  repository.delegate('a', { by: 'b', paths: ['*'] });
  const files = loaded(repository, 'targets', 'a', 'b');
  expect(['a', 'x'].map((name) => mayName(files, 'b', name))).toEqual([true, false]);
});

test('a bin may speak for the names that fall into it', () => {
  const repository = new TufRepository(NOW).bins('bin', { bits: 2 }).delegate('binned', { by: 'bin-0', paths: ['*'] });
  const files = loaded(repository, 'targets', 'bin-0', 'bin-1', 'bin-2', 'bin-3', 'binned');
  for (let i = 0; i < 12; i++) {
    const bin = binOf(repository.of('targets').bins!, `app:${i}`);
    const may = ['bin-0', 'bin-1', 'bin-2', 'bin-3'].filter((role) => mayName(files, role, `app:${i}`));
    expect(may).toEqual([bin]);
    expect(mayName(files, 'binned', `app:${i}`)).toBe(bin === 'bin-0');
  }
});

test('a bin of another number of digits is none', () => {
  const repository = new TufRepository(NOW).bins('bin', { bits: 2 }).delegate('bin-00', { by: 'bin-0', paths: ['no'] });
  const files = loaded(repository, 'targets', 'bin-0', 'bin-00');
  for (let i = 0; i < 8; i++) expect(mayName(files, 'bin-00', `app:${i}`)).toBe(false);
});

test('what was asked of a view once is looked up in the same files again', () => {
  const files = loaded(new TufRepository(NOW).delegate('a', { paths: ['a:*'] }), 'targets', 'a');
  let looks = 0;
  const counted = new Map(files);
  counted[Symbol.iterator] = () => (looks++, files[Symbol.iterator]());
  for (let i = 0; i < 3; i++) expect(mayName(counted, 'a', 'a:1')).toBe(true);
  expect(looks).toBe(1);
});

describe('a file on the shelf that is not loaded may let a role say', () => {
  /** Whether `role`, delegated to by `b` alone, might name this, while only `targets` and `role` are loaded. */
  function might(repository: TufRepository, role: string, name: string): boolean {
    const files = loaded(repository, 'targets', role);
    return mightName(files, new Map([['b', trustFile('b', 1, repository.at('b'))]]), role)(name);
  }

  const made = (): TufRepository => new TufRepository(NOW).delegate('b', { paths: ['b:*'] });

  test('what it may speak for itself', () => {
    const repository = made().delegate('below', { by: 'b', paths: ['no'] });
    expect(['b:1', 'c:1'].map((name) => might(repository, 'below', name))).toEqual([true, false]);
  });

  test('nothing, when it does not name the role', () => {
    const repository = made()
      .delegate('other', { by: 'b' })
      .delegate('below', { paths: ['no'] });
    expect(might(repository, 'below', 'b:1')).toBe(false);
  });

  test('by its bins', () => {
    expect(might(made().bins('bin', { bits: 2, by: 'b' }), 'bin-0', 'b:1')).toBe(true);
  });

  test.each(['bin', 'app-bin', 'b0-f-0'])('by its bins, of whatever name and number of digits: %s', (prefix) => {
    const repository = made().bins(prefix, { bits: 5, by: 'b' });
    expect(might(repository, `${prefix}-1f`, 'b:1')).toBe(true);
  });

  const shelfOf = (repository: TufRepository, ...roles: string[]) =>
    new Map(roles.map((role) => [role, trustFile(role, 1, repository.at(role))]));

  test('through another that is not loaded either', () => {
    const repository = made()
      .delegate('mid', { by: 'b', paths: ['no'] })
      .delegate('below', { by: 'mid', paths: ['no'] });
    const files = loaded(repository, 'targets', 'below');
    const may = mightName(files, shelfOf(repository, 'b', 'mid'), 'below');
    expect(['b:1', 'c:1'].map(may)).toEqual([true, false]);
  });

  test('through one that is loaded', () => {
    const repository = made()
      .delegate('mid', { by: 'b', paths: ['no'] })
      .delegate('below', { by: 'mid', paths: ['no'] });
    const may = mightName(loaded(repository, 'targets', 'mid', 'below'), shelfOf(repository, 'b'), 'below');
    expect(['b:1', 'c:1'].map(may)).toEqual([true, false]);
  });

  test('only what targets lets the role above it say', () => {
    const repository = new TufRepository(NOW)
      .delegate('a', { paths: ['a:*'] })
      .delegate('b', { by: 'a', paths: ['c:*'] })
      .delegate('below', { by: 'b', paths: ['no'] });
    const may = mightName(loaded(repository, 'targets', 'a', 'below'), shelfOf(repository, 'b'), 'below');
    expect(['a:1', 'c:1'].map(may)).toEqual([true, false]);
  });

  test('nothing by naming targets', () => {
    const repository = made().delegate('a', { paths: ['no'] });
    const files = loaded(repository, 'targets', 'a');
    const file = trustFile('b', 1, Buffer.from('{"name":"targets"}'));
    expect(mightName(files, new Map([['b', file]]), 'a')('b:1')).toBe(false);
  });

  test('what it says today, where it is loaded too', () => {
    const repository = made().delegate('below', { by: 'b', paths: ['b:1'] });
    const shelf = new Map([['b', trustFile('b', 1, repository.publish().at('b'))]]);
    const may = mightName(loaded(repository, 'targets', 'b', 'below'), shelf, 'below');
    expect(['b:1', 'b:2'].map(may)).toEqual([true, false]);
  });

  test('in other spellings', () => {
    const repository = made().delegate('be"low', { by: 'b', paths: ['no'] });
    expect(might(repository, 'be"low', 'b:1')).toBe(true);
  });
});
