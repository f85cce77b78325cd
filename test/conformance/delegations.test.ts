import { describe, expect, test } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW } from './client.ts';

/** Who is asked for a target, in which order, and who is not asked any more. */
const SHA256 = 'a'.repeat(64);
const ENTRY = { length: 1, digest: `sha256:${SHA256}` };

/** `A > B`, with ` !` for a terminating delegation, and patterns behind a colon where it is not for every name. */
function delegated(...edges: readonly string[]): TufRepository {
  const repository = new TufRepository(NOW);
  for (const edge of edges) {
    const [, by = '', name = '', end, paths = '*'] = /^(\S+) > (\S+?)( !)?(?:: (.+))?$/.exec(edge) ?? [];
    repository.delegate(name, { by, terminating: end !== undefined, paths: paths.split(' ') });
  }
  return repository;
}

/** The roles that were asked for beyond the top-level ones. */
function visited(client: Client): readonly string[] {
  return client
    .asked()
    .slice(4)
    .map((file) => /^1\.(.*)\.json$/.exec(file)?.[1] ?? file);
}

describe('a name that nobody signs is looked for at', () => {
  test.each([
    ['a delegation', ['targets > A'], ['A']],
    ['both of two', ['targets > A', 'targets > B'], ['A', 'B']],
    ['two levels', ['targets > A', 'targets > B', 'B > C'], ['A', 'B', 'C']],
    ['all below the first before the second', ['targets > A', 'targets > B', 'A > C', 'A > D'], ['A', 'C', 'D', 'B']],
    [
      'all below the first before the second, three levels down',
      ['targets > A', 'targets > B', 'A > C', 'C > D'],
      ['A', 'C', 'D', 'B'],
    ],
    [
      'nobody behind a terminating delegation, beside it or above',
      ['targets > A', 'targets > B', 'A > C !', 'A > D'],
      ['A', 'C'],
    ],
    ['those below a terminating delegation', ['targets > A', 'targets > B', 'A > C !', 'C > D'], ['A', 'C', 'D']],
    ['nobody whose paths do not match', ['targets > A: *.py', 'targets > B', 'A > C'], ['B']],
    [
      'nobody whose paths do not match, a level down',
      ['targets > A', 'targets > B', 'A > C: *.py', 'C > D'],
      ['A', 'B'],
    ],
    ['each of a circle once', ['targets > A', 'targets > B', 'B > C', 'C > D', 'D > B'], ['A', 'B', 'C', 'D']],
    [
      'one to whom two delegate once, by way of the first',
      ['targets > A', 'targets > B', 'B > C', 'A > C'],
      ['A', 'C', 'B'],
    ],
    [
      'one to whom two delegate, by way of the one whose paths match',
      ['targets > A', 'targets > B', 'B > C', 'A > C: *.py'],
      ['A', 'B', 'C'],
    ],
    ['nobody whose name a terminating role took though it says nothing', ['targets > A !', 'targets > B'], ['A']],
  ])('%s', async (_, edges, order) => {
    const client = new Client(delegated(...edges).publish());
    expect(await client.find('missing')).toEqual({ outcome: 'trust.unsigned', entries: [] });
    expect(visited(client)).toEqual(order);
  });
});

describe('in a tree of patterns', () => {
  const tree = (): TufRepository =>
    delegated(
      'targets > A: *.doc *.md foo-?.tgz',
      'targets > B: releases/*/*',
      'B > C: releases/x/*',
      'B > D: releases/y/*.zip',
    )
      .put('top', ENTRY)
      .put('README.md', ENTRY, 'A')
      .put('releases/README.md', ENTRY, 'A')
      .put('foo-1.tgz', ENTRY, 'A')
      .put('foo-alpha.tgz', ENTRY, 'A')
      .put('releases/x/x_v1', ENTRY, 'C')
      .put('releases/y/y_v1.zip', ENTRY, 'D')
      .put('releases/z/z_v1.zip', ENTRY, 'D')
      .publish();

  test.each([
    ['without any delegation', 'top', []],
    ['by a star', 'README.md', ['A']],
    ['by a question mark', 'foo-1.tgz', ['A']],
    ['by stars between slashes', 'releases/x/x_v1', ['B', 'C']],
    ['by a star and an ending', 'releases/y/y_v1.zip', ['B', 'D']],
  ])('is found %s: %s', async (_, name, order) => {
    const client = new Client(tree());
    expect(await client.find(name)).toEqual({ outcome: 'done', entries: [{ length: 1, sha256: SHA256 }] });
    expect(visited(client)).toEqual(order);
  });

  test.each([
    ['because not everyone above may speak for it', 'releases/z/z_v1.zip', ['B']],
    ['because a star does not cross a slash', 'releases/README.md', []],
    ['because a question mark is one character', 'foo-alpha.tgz', []],
    ['because capitals are other letters', 'README.MD', []],
  ])('is not found, %s: %s', async (_, name, order) => {
    const client = new Client(tree());
    expect(await client.find(name)).toEqual({ outcome: 'trust.unsigned', entries: [] });
    expect(visited(client)).toEqual(order);
  });
});

describe('a role to whom two delegate, with keys of their own, and who signs with those of the first alone', () => {
  const diamond = (): TufRepository => {
    const repository = delegated('targets > a: a/*', 'targets > b: b/*', 'a > shared: a/*', 'b > shared: b/*');
    repository.of('shared').signers = repository.authority('shared', 'a').keys;
    return repository.put('a/x', ENTRY, 'shared').put('b/x', ENTRY, 'shared').publish();
  };

  test('speaks for the names of the first, and not, in the same process, for those of the second', async () => {
    const client = new Client(diamond());
    expect(await client.find('a/x', 'b/x')).toMatchObject({ outcome: 'trust.signature', entries: [{ length: 1 }] });
  });

  test('nor the other way round', async () => {
    const client = new Client(diamond());
    expect(await client.find('b/x')).toEqual({ outcome: 'trust.signature', entries: [] });
    expect(await client.find('a/x')).toMatchObject({ outcome: 'done' });
  });
});

test('a role that the snapshot does not list is not asked for, nor kept', async () => {
  const repository = delegated('targets > team: team/*');
  repository.unlisted.add('team');
  repository.publish();
  const client = new Client(repository);
  expect(await client.refresh()).toBe('done');
  client.asked();
  expect(await client.find('team/x')).toEqual({ outcome: 'trust.signer-missing', entries: [] });
  expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
  expect(await client.keptOf(repository)).toEqual({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
});
