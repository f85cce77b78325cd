import { describe, expect, test } from 'vitest';
import { contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { acceptDelegated, findTarget, type View, viewSignedTags, withRole } from './collection.ts';
import { type Effort, mayName } from './permission.ts';

const NOW = Date.UTC(2026, 10, 21);
const one = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };

/** The view once a search for this name has loaded what it came by. */
function viewAfter(repository: TufRepository, name: string): View {
  const ctx = contextOf(repository);
  let { view } = refresh(ctx, repository, NOW);
  for (;;) {
    const step = findTarget(ctx, view, name, NOW);
    if (step.kind === 'found') return view;
    view = withRole(view, acceptDelegated(ctx, step, repository.at(step.wanted.role), NOW));
  }
}

const named = (view: View, of: string): readonly string[] =>
  [...viewSignedTags(view)].filter(({ role }) => role === of).map(({ tag }) => tag);

test('thousands of names and thousands of patterns that nearly match: the role soon speaks for nothing more', () => {
  const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
  const repository = new TufRepository(NOW).delegate('dev', { paths: [...nearly, 'app:*'] });
  for (let i = 0; i < 1_000; i++) repository.of('dev').targets.set(`app:${i}`, one);
  const view = viewAfter(repository.publish(), 'app:0');
  // 4,194,304 and 256 for each of the names; a name costs 1,001 and 32 for each pattern.
  expect(named(view, 'dev')).toHaveLength(134);
  expect(named(view, 'dev')).toHaveLength(134);
});

test('a thousand patterns of other repositories cost next to nothing', () => {
  const others = Array.from({ length: 1_000 }, (_, i) => `lib${i}:*`);
  const repository = new TufRepository(NOW).delegate('dev', { paths: [...others, 'app:*'] });
  for (let i = 0; i < 3_000; i++) repository.of('dev').targets.set(`app:${i}`, one);
  expect(named(viewAfter(repository.publish(), 'app:0'), 'dev')).toHaveLength(3_000);
});

describe('what a look at names may cost', () => {
  const nearly = (count: number, begin: string): string[] => Array.from({ length: count }, (_, i) => `${begin}${i}`);
  const asked = (view: View, times: number): boolean[] => {
    const effort: Effort = new Map();
    return Array.from({ length: times }, () => mayName(view.targets, 'dev', 'app:1', effort));
  };

  // 1,016 and 32 for each of 651, 192 times: 4,194,304 and 256 for each of the two names.
  test('ends with the last comparison that the delegation affords, and not before', () => {
    const paths = ['app:1', ...nearly(650, '*Q'), ...nearly(365, 'lib')];
    const repository = new TufRepository(NOW).put('top', one).delegate('dev', { paths }).put('app:1', one, 'dev');
    const view = viewAfter(repository.publish(), 'app:1');
    expect(asked(view, 193)).toEqual([...Array.from({ length: 192 }, () => true), false]);
  });

  test('is spent once: a role that may speak for nothing more costs nothing more', () => {
    const repository = new TufRepository(NOW).delegate('dev', { paths: ['app:1', ...nearly(32_000, '*Q')] });
    const view = viewAfter(repository.put('app:1', one, 'dev').publish(), 'app:1');
    const effort: Effort = new Map();
    const spent = (): readonly number[] => [...effort.values()];
    while (mayName(view.targets, 'dev', 'app:1', effort));
    const before = spent();
    expect(mayName(view.targets, 'dev', 'app:1', effort)).toBe(false);
    expect(spent()).toEqual(before);
  });

  test('is one for each hash prefix, whatever it begins with', () => {
    const repository = new TufRepository(NOW).delegate('dev', { prefixes: ['a', 'b', ...nearly(14, 'c')] });
    const ctx = contextOf(repository.publish());
    const effort: Effort = new Map();
    mayName(refresh(ctx, repository, NOW).view.targets, 'dev', 'app:1', effort);
    expect([...effort.values()]).toEqual([16]);
  });
});
