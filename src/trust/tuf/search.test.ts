import { describe, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { type Answer, ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import type { View } from './collection.ts';
import { search } from './search.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const APP = { paths: ['app:*'] };

function viewOf(repository: TufRepository): View {
  return refresh(contextOf(repository), repository, NOW).view;
}

/** Asks a gate that has loaded no delegated file yet. */
function askFor(repository: TufRepository, name: string, { now = NOW, view = viewOf(repository) } = {}): Answer {
  return ask(contextOf(repository), repository, view, name, now);
}

/** From the one named role. */
function askRole(repository: TufRepository, role: string, name: string, now = NOW): Answer {
  return ask(contextOf(repository), repository, viewOf(repository), name, now, { atLeast: 1, of: [role] });
}

/** Who speaks, or why nobody does. */
function verdict({ found }: Answer): string {
  return found instanceof TufgateError ? found.code : found.behind.join(' > ');
}

describe('the order of priority', () => {
  test('what targets itself names, nobody else is asked for', () => {
    const repository = new TufRepository(NOW).put('app:1', A).delegate('a', APP).put('app:1', A, 'a').publish();
    const answer = askFor(repository, 'app:1');
    expect(verdict(answer)).toBe('targets');
    expect(answer.loaded).toEqual([]);
  });

  test('is that of the file', () => {
    const repository = new TufRepository(NOW).delegate('b', APP).delegate('a', APP);
    repository.put('app:1', A, 'a').put('app:1', A, 'b').put('app:2', A, 'a').publish();
    expect(askFor(repository, 'app:1')).toMatchObject({ loaded: ['b'], found: { roles: ['b'] } });
    expect(askFor(repository, 'app:2')).toMatchObject({ loaded: ['b', 'a'], found: { roles: ['a'] } });
  });

  test('goes down before it goes on: what stands below the first comes before the second', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', APP)
      .delegate('second', APP)
      .delegate('below', { ...APP, by: 'first' })
      .put('app:1', A, 'below')
      .put('app:1', A, 'second')
      .publish();
    const answer = askFor(repository, 'app:1');
    expect(verdict(answer)).toBe('targets > first > below');
    expect(answer.loaded).toEqual(['first', 'below']);
  });

  test('a role that may not speak for the name is not asked', () => {
    const repository = new TufRepository(NOW)
      .delegate('other', { paths: ['other:*'], terminating: true })
      .delegate('hashed', { prefixes: [] })
      .delegate('a', APP)
      .put('app:1', A, 'other')
      .put('app:1', A, 'a')
      .publish();
    expect(askFor(repository, 'app:1')).toMatchObject({ loaded: ['a'], found: { roles: ['a'] } });
  });

  test('each delegator on the way must permit the name', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', { paths: ['app:1'] })
      .delegate('below', { paths: ['app:*'], by: 'first' })
      .put('app:2', A, 'below')
      .publish();
    const answer = askFor(repository, 'app:2');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.unsigned', []]);
  });
});

test('a name that no role speaks for is absent', () => {
  const repository = new TufRepository(NOW).put('app:1', A).publish();
  expect(search(contextOf(repository), viewOf(repository), 'app:2', NOW)).toEqual({ kind: 'absent' });
});

describe('a terminating delegation', () => {
  test('that does not name the target ends the search', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', { ...APP, terminating: true })
      .delegate('second', APP)
      .put('app:1', A, 'second')
      .publish();
    const answer = askFor(repository, 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.unsigned', ['first']]);
  });

  test('is itself asked, after those before it and before nobody', () => {
    const repository = new TufRepository(NOW)
      .delegate('before', APP)
      .delegate('ends', { ...APP, terminating: true })
      .delegate('after', APP)
      .put('app:1', A, 'ends')
      .put('app:2', A, 'after')
      .publish();
    expect(askFor(repository, 'app:1')).toMatchObject({ loaded: ['before', 'ends'], found: { roles: ['ends'] } });
    expect(askFor(repository, 'app:2').loaded).toEqual(['before', 'ends']);
  });

  test('ends it for those too who were next in line further up', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', APP)
      .delegate('second', APP)
      .delegate('ends', { ...APP, by: 'first', terminating: true })
      .put('app:1', A, 'second')
      .publish();
    const answer = askFor(repository, 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.unsigned', ['first', 'ends']]);
  });

  test('leaves its own delegations to be asked', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', { ...APP, terminating: true })
      .delegate('below', { ...APP, by: 'first' })
      .put('app:1', A, 'below')
      .publish();
    expect(verdict(askFor(repository, 'app:1'))).toBe('targets > first > below');
  });
});

describe('a tree that is none', () => {
  test('a circle of delegations is walked once, and those after it are asked', () => {
    const repository = new TufRepository(NOW).delegate('a', APP).delegate('b', { ...APP, by: 'a' });
    repository
      .delegate('a', { ...APP, by: 'b', keys: repository.authority('a').keys })
      .delegate('c', APP)
      .put('app:1', A, 'c')
      .publish();
    const answer = askFor(repository, 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['targets > c', ['a', 'b', 'c']]);
  });

  test('a role below two others is asked once, by the keys of the first', () => {
    const key = tufKey('ed25519', 'shared');
    const repository = new TufRepository(NOW)
      .delegate('first', APP)
      .delegate('second', APP)
      .delegate('shared', { ...APP, by: 'first', keys: [key] })
      .delegate('shared', { ...APP, by: 'second' })
      .put('app:1', A, 'shared');
    repository.of('shared').signers = [key];
    const answer = askFor(repository.publish(), 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['targets > first > shared', ['first', 'shared']]);
    expect(askFor(repository, 'app:9').loaded).toEqual(['first', 'shared', 'second']);
  });

  test.each([
    { signers: ['one'], refused: 'trust.signature' },
    { signers: ['one', 'two'], refused: 'trust.threshold' },
  ])('is believed by the keys of the very delegation that leads to it, loaded before or not: $refused', (the) => {
    const keys = { one: tufKey('ed25519', 'one'), two: tufKey('ed25519', 'two'), more: tufKey('ed25519', 'more') };
    const repository = new TufRepository(NOW)
      .delegate('first', { paths: ['app:1'] })
      .delegate('second', { paths: ['app:2'] })
      .delegate('shared', { by: 'first', keys: [keys.one], paths: ['*'] })
      .delegate('shared', { by: 'second', keys: [keys.two, keys.more], threshold: 2, paths: ['*'] })
      .put('app:1', A, 'shared')
      .put('app:2', A, 'shared');
    repository.of('shared').signers = the.signers.map((name) => keys[name as 'one' | 'two']);
    const one = askFor(repository.publish(), 'app:1');
    const later = askFor(repository, 'app:2', { view: one.view });
    expect(verdict(one)).toBe('targets > first > shared');
    expect([verdict(later), later.loaded]).toEqual([the.refused, ['second', 'shared']]);
    expect(verdict(askFor(repository, 'app:2'))).toBe(the.refused);
  });

  test('who its two delegators trust alike is believed for both, by those whom each names', () => {
    const [one, two] = [tufKey('ed25519', 'one'), tufKey('ed25519', 'two')];
    const repository = new TufRepository(NOW)
      .delegate('first', { paths: ['app:1'] })
      .delegate('second', { paths: ['app:2'] })
      .delegate('shared', { by: 'first', keys: [one], paths: ['*'] })
      .delegate('shared', { by: 'second', keys: [two], paths: ['*'] })
      .put('app:1', A, 'shared')
      .put('app:2', A, 'shared')
      .publish();
    const first = askFor(repository, 'app:1');
    expect(first.found).toMatchObject({ signers: [one.keyId] });
    const second = askFor(repository, 'app:2', { view: first.view });
    expect(second.found).toMatchObject({ roles: ['shared'], signers: [two.keyId] });
  });

  test('64 roles may be asked for one target, no more', () => {
    const keys = [tufKey('ed25519', 'many')];
    const wide = (roles: number): TufRepository => {
      const repository = new TufRepository(NOW);
      for (let i = 1; i < roles; i++) repository.delegate(`r${i}`, { ...APP, keys });
      return repository.put('app:1', A, `r${roles - 1}`).publish();
    };
    expect(verdict(askFor(wide(64), 'app:1'))).toBe('targets > r63');
    const answer = askFor(wide(65), 'app:1');
    expect([verdict(answer), answer.loaded.length]).toEqual(['trust.too-large', 63]);
  });
});

describe('whatever cannot be believed ends the search, and is not passed over', () => {
  const two = (): TufRepository =>
    new TufRepository(NOW).delegate('first', APP).delegate('second', APP).put('app:1', A, 'second');

  test('a role that the snapshot does not list', () => {
    const repository = two();
    repository.unlisted.add('first');
    const { found, loaded } = askFor(repository.publish(), 'app:1');
    expect(found).toMatchObject({ code: 'trust.signer-missing', detail: { role: 'first' } });
    expect(loaded).toEqual([]);
  });

  test('a role that somebody else signed', () => {
    const repository = two();
    repository.of('first').signers = [tufKey('ed25519', 'stranger')];
    const { found, loaded } = askFor(repository.publish(), 'app:1');
    expect(found).toMatchObject({ code: 'trust.signature', detail: { role: 'first' } });
    expect(loaded).toEqual(['first']);
  });

  test.each(['targets', 'first', 'below'])(
    'an expired %s, from the very instant on, though it was loaded before',
    (role) => {
      const repository = new TufRepository(NOW)
        .delegate('first', APP)
        .delegate('below', { ...APP, by: 'first' })
        .put('app:1', A, 'below');
      repository.of(role).expires = NOW + DAY / 2;
      const { view } = askFor(repository.publish(), 'app:1');
      expect(verdict(askFor(repository, 'app:1', { view, now: NOW + DAY / 2 - 1 }))).toBe('targets > first > below');
      const late = askFor(repository, 'app:1', { view, now: NOW + DAY / 2 });
      expect(late.found).toMatchObject({ code: 'trust.expired', detail: { role } });
    },
  );

  test('a role that has expired when it is loaded', () => {
    const repository = two();
    repository.of('first').expires = NOW;
    const answer = askFor(repository.publish(), 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.expired', ['first']]);
  });
});

describe('hash bins', () => {
  test('one bin is asked, and no other', () => {
    const repository = new TufRepository(NOW).bins('bin', { bits: 4 });
    for (let i = 0; i < 20; i++) repository.put(`app:${i}`, A, 'bin');
    repository.publish();
    for (let i = 0; i < 20; i++) {
      const { found, loaded } = askFor(repository, `app:${i}`);
      expect(found).toMatchObject({ roles: loaded });
      expect(loaded).toEqual([expect.stringMatching(/^bin-[0-9a-f]$/)]);
    }
  });

  test('are terminating: what the bin does not name, nobody after it may', () => {
    const repository = new TufRepository(NOW)
      .delegate('binned', APP)
      .delegate('second', APP)
      .bins('bin', { bits: 1, by: 'binned' })
      .put('app:1', A, 'second')
      .publish();
    const answer = askFor(repository, 'app:1');
    expect([verdict(answer), answer.loaded.length]).toEqual(['trust.unsigned', 2]);
  });

  test('need the signatures that their delegator asks for', () => {
    const keys = [tufKey('ed25519', 'one'), tufKey('ed25519', 'two')];
    const repository = new TufRepository(NOW).bins('bin', { bits: 1, keys, threshold: 2 }).put('app:1', A, 'bin');
    expect(askFor(repository.publish(), 'app:1').found).toMatchObject({ signers: keys.map(({ keyId }) => keyId) });
    for (const bin of ['bin-0', 'bin-1']) repository.touch(bin).of(bin).signers = keys.slice(1);
    expect(verdict(askFor(repository.publish(), 'app:1'))).toBe('trust.threshold');
  });
});

describe('one role that is named', () => {
  test('is asked alone where it is delegated to directly, though others have priority', () => {
    const repository = new TufRepository(NOW)
      .put('app:1', A)
      .delegate('first', { ...APP, terminating: true })
      .delegate('wanted', APP)
      .put('app:1', A, 'first')
      .put('app:1', A, 'wanted')
      .publish();
    const answer = askRole(repository, 'wanted', 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['targets > wanted', ['wanted']]);
  });

  test('is found along the way that the rule says, and nowhere else', () => {
    const repository = new TufRepository(NOW)
      .delegate('first', { ...APP, terminating: true })
      .delegate('org', APP)
      .delegate('team', { ...APP, by: 'org' })
      .delegate('qa', { ...APP, by: 'team' })
      .put('app:1', A, 'first')
      .put('app:1', A, 'qa')
      .publish();
    const answer = askRole(repository, 'org > team > qa', 'app:1');
    expect(answer).toMatchObject({ loaded: ['org', 'team', 'qa'], found: { roles: ['org > team > qa'] } });
    expect(verdict(answer)).toBe('targets > org > team > qa');
    for (const way of ['qa', 'team', 'org > qa', 'first > qa', 'org > team', 'nobody > qa', 'targets > org'])
      expect(verdict(askRole(repository, way, 'app:1'))).toBe('trust.signer-missing');
  });

  test('is not the one of the same name that somebody else delegates to', () => {
    const repository = new TufRepository(NOW)
      .delegate('mallory', APP)
      .delegate('qa', { ...APP, by: 'mallory' })
      .delegate('qa', { ...APP, keys: [tufKey('ed25519', 'qa')] })
      .put('app:1', A, 'qa');
    repository.of('qa').signers = repository.authority('qa', 'mallory').keys;
    const answer = askRole(repository.publish(), 'qa', 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.signature', ['qa']]);
    expect(verdict(askRole(repository, 'mallory > qa', 'app:1'))).toBe('targets > mallory > qa');
  });

  test('may be the bin of the name', () => {
    const repository = new TufRepository(NOW).bins('bin', { bits: 1 }).put('app:1', A, 'bin').publish();
    const verdicts = ['bin-0', 'bin-1'].map((role) => verdict(askRole(repository, role, 'app:1')));
    expect(verdicts.toSorted()).toEqual(['targets > bin-1', 'trust.signer-missing']);
  });

  test('may be targets itself', () => {
    const repository = new TufRepository(NOW).put('app:1', A).delegate('first', APP).publish();
    expect(askRole(repository, 'targets', 'app:1')).toMatchObject({ loaded: [], found: { roles: ['targets'] } });
  });

  test('is missing where no way to it permits the name', () => {
    const repository = new TufRepository(NOW)
      .delegate('wanted', { paths: ['other:*'] })
      .put('app:1', A, 'wanted')
      .publish();
    const answer = askRole(repository, 'wanted', 'app:1');
    expect([verdict(answer), answer.loaded]).toEqual(['trust.signer-missing', []]);
  });
});
