import { describe, expect, test } from 'vitest';
import { contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { acceptDelegated, findTarget, type View, viewSignedTags, withRole } from './collection.ts';
import { mayName, pursesFor } from './permission.ts';
import { trustFile } from './trusted.ts';

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

/** Held by `dev`: what it lists, and by which patterns. */
function dev(names: readonly string[], paths: readonly string[]): TufRepository {
  const repository = new TufRepository(NOW).delegate('dev', { paths: [...paths, 'app:*'] });
  for (const name of names) repository.of('dev').targets.set(name, one);
  return repository;
}

const many = (count: number, begin: string): string[] => Array.from({ length: count }, (_, i) => `${begin}${i}`);

test('thousands of names and thousands of patterns that nearly match: the role soon speaks for nothing more', () => {
  const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
  const view = viewAfter(dev(many(1_000, 'app:'), nearly).publish(), 'app:0');
  const found = named(view, 'dev').length;
  expect(found).toBeGreaterThan(100);
  expect(found).toBeLessThan(600);
  expect(named(view, 'dev')).toHaveLength(found);
});

test('one pattern and one name of a hundred thousand characters each', () => {
  const repository = new TufRepository(NOW)
    .delegate('dev', { paths: ['dev:*'] })
    .delegate('sub', { by: 'dev', paths: [`*${'a'.repeat(50_000)}b`, 'dev:x'] });
  repository.of('sub').targets.set('dev:x', one).set('a'.repeat(100_000), one).set('dev:y', one);
  const view = viewAfter(repository.publish(), 'dev:x');
  const purses = pursesFor(view.targets);
  expect(mayName(view.targets, 'sub', 'dev:x', purses)).toBe(true);
  expect(mayName(view.targets, 'sub', 'a'.repeat(100_000), purses)).toBe(false);
  expect(purses.spentBy('dev')).toBeGreaterThan(1 << 22);
  expect(purses.spentBy('dev')).toBeLessThan((1 << 22) + 200_000);
});

test('a thousand patterns of other repositories cost next to nothing', () => {
  const view = viewAfter(dev(many(3_000, 'app:'), many(1_000, 'lib')).publish(), 'app:0');
  expect(named(view, 'dev')).toHaveLength(3_000);
});

test('whoever spends what he has takes nothing from others, also where he delegates to their roles', () => {
  const repository = dev(
    many(1_000, 'app:'),
    Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`),
  )
    .delegate('owner', { paths: ['own:*'] })
    .delegate('owner', { by: 'dev', paths: ['app:*'] })
    .delegate('below', { by: 'owner', paths: ['own:*'] });
  for (const name of many(1_000, 'own:')) repository.of('below').targets.set(name, one);
  const ctx = contextOf(repository.publish());
  const { view } = refresh(ctx, repository, NOW);
  const roles = ['dev', 'owner', 'below'];
  const loaded = roles.map((role) => {
    const bytes = repository.at(role);
    const { model } = ctx.format.targets(ctx.gun, role, bytes, ctx.crypto);
    return [role, { model, file: trustFile(role, 1, bytes), signers: [], signerKeys: [] }] as const;
  });
  const whole = { ...view, targets: new Map([...view.targets, ...loaded]) };
  expect(named(whole, 'dev').length).toBeLessThan(600);
  expect(named(whole, 'below')).toHaveLength(1_000);
});

describe('what a look at names may cost', () => {
  test('is spent once: a role that may speak for nothing more costs nothing more', () => {
    const view = viewAfter(dev(['app:1'], many(32_000, '*Q')).publish(), 'app:1');
    const purses = pursesFor(view.targets);
    while (mayName(view.targets, 'dev', 'app:1', purses));
    const before = purses.spentBy('dev');
    expect(mayName(view.targets, 'dev', 'app:1', purses)).toBe(false);
    expect(purses.spentBy('dev')).toBe(before);
  });

  test('is one for each hash prefix, and the name for its hash', () => {
    const repository = new TufRepository(NOW).delegate('dev', { prefixes: ['a', 'b', ...many(14, 'c')] });
    const { targets } = refresh(contextOf(repository.publish()), repository, NOW).view;
    const purses = pursesFor(targets);
    mayName(targets, 'dev', 'app:1', purses);
    expect(purses.spentBy('dev')).toBe(16 + 256 + 'app:1'.length);
  });
});
