import { expect, test } from 'vitest';
import { binOf } from '../../simulator/tuf-role.ts';
import { contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { endedBelow, saidBefore, viewFiles } from './collection.ts';
import { trustFile } from './trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = `sha256:${'aa'.repeat(32)}`;
const one = { digest: A, length: 1 };
const owned = { paths: ['app:*'] };

/** Role and tag of all that ends when `targets` goes on to the next version, with these roles on the shelf. */
function ended(
  repository: TufRepository,
  shelved: readonly string[],
  change: (repository: TufRepository) => TufRepository,
): readonly string[] {
  repository.publish();
  const ctx = contextOf(repository);
  const before = refresh(ctx, repository, NOW).view;
  const shelf = new Map(shelved.map((role) => [role, trustFile(role, 1, repository.at(role))]));
  const after = refresh(ctx, change(repository).touch('targets').publish(), NOW).view;
  const found = endedBelow(ctx, before, after, shelf);
  expect(endedBelow(ctx, saidBefore(ctx, viewFiles(before)), after, shelf)).toEqual(found);
  expect(found.every(({ removed, digest }) => removed && digest === A)).toBe(true);
  return found.map(({ role, tag }) => `${role} ${tag}`);
}

const named = (repository: TufRepository, role: string, ...tags: string[]): TufRepository =>
  tags.reduce((made, tag) => made.put(tag, one, role), repository);

const owner = (): TufRepository =>
  named(new TufRepository(NOW).delegate('owner', owned), 'owner', 'app:1', 'app:2', 'elsewhere');

test('a role that is delegated no more ends what it could say', () => {
  expect(ended(owner(), ['owner'], (made) => made.undelegate('owner'))).toEqual(['owner app:1', 'owner app:2']);
});

test('a role that was never seen ends nothing', () => {
  expect(ended(owner(), [], (made) => made.undelegate('owner'))).toEqual([]);
});

test('a delegation that stays as it is ends nothing', () => {
  expect(ended(owner(), ['owner'], (made) => made.delegate('other'))).toEqual([]);
});

test('a role with fewer paths ends what it may say no more', () => {
  const keys = [tufKey('ed25519', 'owner')];
  const made = named(new TufRepository(NOW).delegate('owner', { ...owned, keys }), 'owner', 'app:1', 'app:2');
  const narrowed = (): TufRepository => made.undelegate('owner').delegate('owner', { paths: ['app:2'], keys });
  expect(ended(made, ['owner'], narrowed)).toEqual(['owner app:1']);
});

test('what its delegator names too goes on, while the same keys may say it', () => {
  const keys = [tufKey('ed25519', 'owner')];
  const made = named(new TufRepository(NOW).delegate('owner', { ...owned, keys }), 'owner', 'app:1', 'app:2');
  const narrowed = (): TufRepository =>
    made
      .undelegate('owner')
      .delegate('owner', { paths: ['app:2'], keys })
      .put('app:2', one);
  expect(ended(made, ['owner'], narrowed)).toEqual(['owner app:1']);
});

test('a delegation with a key that nobody can use is told from another one too', () => {
  const keys = [tufKey('ed25519', 'owner'), tufKey('rsa-1024', 'weak')];
  const made = named(new TufRepository(NOW).delegate('owner', { ...owned, keys }), 'owner', 'app:1', 'app:2');
  const narrowed = (): TufRepository => made.undelegate('owner').delegate('owner', { paths: ['app:2'], keys });
  expect(ended(made, ['owner'], narrowed)).toEqual(['owner app:1']);
});

test('a role with other keys ends what its delegator names itself; the rest is for its next file to say', () => {
  const renewed = (made: TufRepository): TufRepository => made.rotate('owner').put('app:1', one);
  expect(ended(owner(), ['owner'], renewed)).toEqual(['owner app:1']);
});

test('roles further below end with it, as far as it could speak itself, and in a circle once', () => {
  const made = owner()
    .delegate('below', { by: 'owner', paths: ['*'] })
    .delegate('owner', { by: 'below', paths: ['*'] });
  made.of('owner').signers = made.authority('owner', 'targets').keys;
  named(made, 'below', 'app:3', 'elsewhere');
  const found = ended(made, ['owner', 'below'], (each) => each.undelegate('owner'));
  expect(found).toEqual(['owner app:1', 'owner app:2', 'below app:3']);
});

test('bins that are given up end what fell into them', () => {
  const binned = (): TufRepository => {
    const made = new TufRepository(NOW).bins('bin', { bits: 1 });
    return named(made, 'bin-0', ...['a', 'b', 'c', 'd', 'e', 'f']);
  };
  const without = (made: TufRepository): TufRepository => {
    delete made.of('targets').bins;
    return made;
  };
  const { bins } = binned().of('targets');
  const inIt = ['a', 'b', 'c', 'd', 'e', 'f'].filter((name) => binOf(bins!, name) === 'bin-0');
  expect(inIt.length % 6).not.toBe(0);
  expect(ended(binned(), ['bin-0'], (made) => made)).toEqual([]);
  expect(ended(binned(), ['bin-0'], without)).toEqual(inIt.map((name) => `bin-0 ${name}`));
});

test('a delegation that takes too long to compare lets nothing go on', () => {
  const keys = [tufKey('ed25519', 'owner')];
  const tags = Array.from({ length: 1_000 }, (_, i) => `app:${i}`);
  const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
  const made = named(new TufRepository(NOW).delegate('owner', { ...owned, keys }), 'owner', ...tags);
  const narrowed = (): TufRepository => made.undelegate('owner').delegate('owner', { paths: nearly, keys });
  expect(ended(made, ['owner'], narrowed)).toHaveLength(1_000);
});

test('nothing is lost for want of comparisons', () => {
  const tags = Array.from({ length: 1_000 }, (_, i) => `app:${i}`);
  const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
  const made = named(new TufRepository(NOW).delegate('owner', { paths: [...nearly, 'app:*'] }), 'owner', ...tags);
  expect(ended(made, ['owner'], (each) => each.undelegate('owner'))).toHaveLength(1_000);
});

test('nothing ends for want of comparisons where the delegation stays as it is', () => {
  const tags = Array.from({ length: 1_000 }, (_, i) => `app:${i}`);
  const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
  const made = named(new TufRepository(NOW).delegate('owner', { paths: [...nearly, 'app:*'] }), 'owner', ...tags);
  expect(ended(made, ['owner'], (each) => each.delegate('other'))).toEqual([]);
});

test('what is below several roles that are delegated no more ends once', () => {
  const made = new TufRepository(NOW);
  for (const way of ['a', 'b', 'c']) made.delegate(way, owned).delegate('names', { by: way, paths: ['app:*'] });
  named(made, 'names', 'app:1', 'app:2');
  const gone = (): TufRepository => ['a', 'b', 'c'].reduce((left, way) => left.undelegate(way), made);
  expect(ended(made, ['a', 'b', 'c', 'names'], gone)).toEqual(['names app:1', 'names app:2']);
});

test('of 17,200 long names that a role may say by another delegation too, none ends', () => {
  const [keys, long] = [[tufKey('ed25519', 'owner')], 'a'.repeat(245)];
  const tags = Array.from({ length: 17_200 }, (_, i) => `${long}:${i}`);
  const made = named(new TufRepository(NOW).delegate('owner', { paths: [`${long}*`], keys }), 'owner', ...tags);
  const widened = (): TufRepository =>
    made.undelegate('owner').delegate('owner', { paths: [`${long}:*`, 'more'], keys });
  expect(ended(made, ['owner'], widened)).toEqual([]);
});
