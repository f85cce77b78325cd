import { describe, expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { contextOf as notaryContext, refresh as notaryRefresh } from '../../simulator/notary-refresh.ts';
import { type NotaryKey, plainKey } from '../../simulator/notary-key.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import {
  acceptDelegated,
  allEnded,
  difference,
  endedBelow,
  endedBy,
  findTarget,
  naming,
  type Difference,
  type Said,
  saidBefore,
  type View,
  viewFiles,
  withRole,
} from './collection.ts';
import { trustFile } from './trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const [A, B, C] = ['aa', 'bb', 'cc'].map((byte) => parseDigest(`sha256:${byte.repeat(32)}`)) as [
  Digest,
  Digest,
  Digest,
];

const KEYS = ['targets', 'targets/releases'].map(() => plainKey('ecdsa')) as [NotaryKey, NotaryKey];

/** What a collection says whose `targets` sign these tags. */
function saying(tags: Readonly<Record<string, Digest>>, releases: Readonly<Record<string, Digest>> = {}): View {
  const [targets, below] = KEYS;
  const repository = new NotaryRepository(GUN, NOW).rotate('targets', [targets]);
  repository.delegate('targets/releases', { keys: [below] });
  for (const [tag, digest] of Object.entries(tags)) repository.sign(tag, digest, 1);
  for (const [tag, digest] of Object.entries(releases)) repository.sign(tag, digest, 1, 'targets/releases');
  return notaryRefresh(notaryContext(GUN), repository.publish(), NOW).view;
}

describe('what a stored view said', () => {
  test('is known though nobody verifies it', () => {
    const repository = new NotaryRepository(GUN, NOW).delegate('targets/releases').sign('1', A, 1, 'targets/releases');
    const { view } = notaryRefresh(notaryContext(GUN), repository.publish(), NOW);
    const said = saidBefore(notaryContext('docker.io/library/other'), viewFiles(view));
    expect(said.kind).toBe('notary');
    expect([...said.targets.keys()]).toEqual(['targets', 'targets/releases']);
    expect(said.targets.get('targets/releases')).toEqual({
      model: view.targets.get('targets/releases')?.model,
      file: view.targets.get('targets/releases')?.file,
      signers: [],
      signerKeys: [],
    });
    expect(naming(said, [A])).toEqual([{ role: 'targets/releases', tag: '1', digest: A }]);
  });

  test('of TUF 1.0 too, whoever signed it', () => {
    const repository = new TufRepository(NOW).put('app:1', { digest: A, length: 1 }).publish();
    const ctx = contextOf(repository);
    const { view } = refresh(ctx, repository, NOW);
    const strange = repository.sign('targets', { signers: [tufKey('ed25519', 'stranger')] });
    const said = saidBefore(ctx, [view.timestamp.file, view.snapshot.file, trustFile('targets', 1, strange)]);
    expect(said.kind).toBe('tuf');
    expect(naming(said, [A])).toEqual([{ role: 'targets', tag: 'app:1', digest: A }]);
  });

  test('cannot be known when the stored bytes are damaged', () => {
    const bytes = new TextEncoder().encode('{"signed"');
    const read = (): unknown => saidBefore(notaryContext(GUN), [trustFile('targets', 1, bytes)]);
    expect(code(read)).toBe('state.damaged');
    expect(message(read)).toContain(`tufgate trust forget ${GUN}`);
    expect(read).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'trust.malformed' }) as unknown }),
    );
  });
});

const changes = (before: Said | undefined, after: View): Difference => difference(notaryContext(GUN), before, after);

describe('from one view to the next', () => {
  test('nothing changes when nothing did', () => {
    expect(changes(saying({ 1: A }), saying({ 1: A }))).toEqual({ began: [], ended: [] });
  });

  test('nothing begins where nothing is said', () => {
    expect(changes(undefined, saying({}))).toEqual({ began: [], ended: [] });
  });

  test('all begins with the first', () => {
    expect(changes(undefined, saying({ 1: A }))).toEqual({
      began: [{ role: 'targets', tag: '1', digest: A }],
      ended: [],
    });
  });

  test('a tag may begin, move, and be removed', () => {
    expect(changes(saying({ gone: A, moved: A, same: A }), saying({ moved: B, same: A, fresh: C }))).toEqual({
      began: [
        { role: 'targets', tag: 'moved', digest: B },
        { role: 'targets', tag: 'fresh', digest: C },
      ],
      ended: [
        { role: 'targets', tag: 'gone', digest: A, removed: true },
        { role: 'targets', tag: 'moved', digest: A, removed: false },
      ],
    });
  });

  test('each role speaks for itself', () => {
    expect(changes(saying({ 1: A }, { 1: A }), saying({}, { 1: A }))).toEqual({
      began: [],
      ended: [{ role: 'targets', tag: '1', digest: A, removed: true }],
    });
  });
});

describe('a version that nobody read', () => {
  const moved = { role: 'targets', tag: 'app:1', digest: A };

  /** What ended with the version of `targets` that follows the one before by so many. */
  function ended(versions: number): readonly object[] {
    const repository = new TufRepository(NOW).put('app:1', { digest: A, length: 1 }).publish();
    const ctx = contextOf(repository);
    const before = refresh(ctx, repository, NOW).view;
    repository.put('app:1', { digest: B, length: 1 }).publish({ targets: 1 + versions });
    return difference(ctx, before, refresh(ctx, repository, NOW).view).ended;
  }

  test('of targets may have revoked what the next signs again: in TUF 1.0 that counts as removed', () => {
    expect(ended(1)).toEqual([{ ...moved, removed: false }]);
    expect(ended(2)).toEqual([{ ...moved, removed: true }]);
  });

  test('says nothing in Notary, where each tag has a version of its own', () => {
    const repository = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
    const before = notaryRefresh(notaryContext(GUN), repository, NOW).view;
    repository.touch('targets').publish().sign('1', B, 1).publish();
    const after = notaryRefresh(notaryContext(GUN), repository, NOW).view;
    expect(difference(notaryContext(GUN), before, after).ended).toEqual([
      { role: 'targets', tag: '1', digest: A, removed: false },
    ]);
  });

  test('is none of a role that is gone: all that it named is removed', () => {
    const repository = new TufRepository(NOW).put('app:1', { digest: A, length: 1 }).publish();
    const { view } = refresh(contextOf(repository), repository, NOW);
    expect(difference(contextOf(repository), view, { ...view, targets: new Map() }).ended).toEqual([
      { ...moved, removed: true },
    ]);
  });
});

describe('what was signed by keys that were taken away since', () => {
  const moved = (role: string, removed: boolean): object => ({ role, tag: '1', digest: A, removed });

  /** The tag moves from one publish to the next. */
  function notary(role: string, change: (repository: NotaryRepository) => NotaryRepository): readonly object[] {
    const repository = new NotaryRepository(GUN, NOW).delegate('targets/a').delegate('targets/a/b');
    const look = (): View => viewOf(repository.publish());
    const before = (repository.sign('1', A, 1, role), look());
    return changes(before, (change(repository).sign('1', B, 1, role), look())).ended;
  }
  const viewOf = (repository: NotaryRepository): View => notaryRefresh(notaryContext(GUN), repository, NOW).view;

  test.each(['targets', 'targets/a', 'targets/a/b'])('counts as removed in Notary: those of %s', (role) => {
    expect(notary(role, (repository) => repository.rotate(role))).toEqual([moved(role, true)]);
    expect(notary(role, (repository) => repository)).toEqual([moved(role, false)]);
  });

  test('is all of a role whose delegation went with its keys', () => {
    const repository = new NotaryRepository(GUN, NOW).delegate('targets/a').sign('1', A, 1, 'targets/a');
    const before = viewOf(repository.publish());
    expect(changes(before, viewOf(repository.undelegate('targets/a').publish())).ended).toEqual([
      moved('targets/a', true),
    ]);
  });

  test('is what its own keys signed, not those of another role', () => {
    expect(notary('targets/a', (repository) => repository.rotate('targets'))).toEqual([moved('targets/a', false)]);
  });

  test.each([true, false])('counts as removed in TUF 1.0: rotated %s', (rotated) => {
    const repository = new TufRepository(NOW).put('1', { digest: A, length: 1 }).publish();
    const ctx = contextOf(repository);
    const before = refresh(ctx, repository, NOW).view;
    if (rotated) repository.rotate('targets');
    const after = refresh(ctx, repository.put('1', { digest: B, length: 1 }).publish(), NOW).view;
    expect(difference(ctx, before, after).ended).toEqual([moved('targets', rotated)]);
    expect(difference(ctx, saidBefore(ctx, viewFiles(before)), after).ended).toEqual([moved('targets', rotated)]);
  });

  test('is known too when one of two keys is taken away, and the other had signed as well', () => {
    const [stays, goes] = [tufKey('ed25519', 'stays'), tufKey('ed25519', 'goes')];
    const repository = new TufRepository(NOW)
      .rotate('targets', [stays, goes])
      .put('1', { digest: A, length: 1 })
      .publish();
    const ctx = contextOf(repository);
    const before = refresh(ctx, repository, NOW).view;
    const after = refresh(
      ctx,
      repository.rotate('targets', [stays]).put('1', { digest: B, length: 1 }).publish(),
      NOW,
    ).view;
    expect(difference(ctx, before, after).ended).toEqual([moved('targets', false)]);
  });
});

describe('what a delegated role of TUF 1.0 ended', () => {
  const app = (digest: Digest): { digest: Digest; length: number } => ({ digest, length: 1 });

  /** From the file on the shelf to the next one that a search loads. */
  function ended(change: (repository: TufRepository) => TufRepository): readonly object[] {
    const repository = new TufRepository(NOW).put('top', app(A)).delegate('app', { paths: ['app:*'] });
    for (const tag of ['app:gone', 'app:moved', 'app:same', 'elsewhere']) repository.put(tag, app(A), 'app');
    repository.put('app:odd', { length: 1, hashes: { sha512: 'ab'.repeat(64) } }, 'app').publish();
    const ctx = contextOf(repository);
    const before = trustFile('app', 1, repository.at('app'));
    change(repository).publish();
    const { view } = refresh(ctx, repository, NOW);
    const step = findTarget(ctx, view, 'app:none', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('app'), NOW);
    return endedBy(ctx, view, new Map([[before.role, before]]), { accepted, authority: step.authority });
  }

  const changed = (repository: TufRepository): TufRepository =>
    repository.remove('app:gone', 'app').remove('elsewhere', 'app').put('app:moved', app(B), 'app');

  test('is what it named within its paths, and names no more, or otherwise', () => {
    expect(ended(changed)).toEqual([
      { role: 'app', tag: 'app:gone', digest: A, removed: true },
      { role: 'app', tag: 'app:moved', digest: A, removed: false },
    ]);
    expect(ended((repository) => repository.touch('app'))).toEqual([]);
  });

  test('counts as removed where a version in between was read by nobody', () => {
    expect(ended((repository) => changed(repository.touch('app').publish()))).toEqual([
      { role: 'app', tag: 'app:gone', digest: A, removed: true },
      { role: 'app', tag: 'app:moved', digest: A, removed: true },
    ]);
  });

  test('counts as removed where the file before is not signed for the delegation of today', () => {
    expect(ended((repository) => changed(repository.rotate('app')))).toEqual([
      { role: 'app', tag: 'app:gone', digest: A, removed: true },
      { role: 'app', tag: 'app:moved', digest: A, removed: true },
    ]);
  });

  test('is not told by what it says without a sha256 from now on', () => {
    const unhashed = { length: 1, hashes: { sha512: 'ab'.repeat(64) } };
    expect(ended((repository) => repository.put('app:same', unhashed, 'app'))).toEqual([
      { role: 'app', tag: 'app:same', digest: A, removed: true },
    ]);
  });

  test('is known however many names there are, and paths to look through for each', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `app:${i}`);
    const nearly = Array.from({ length: 1_000 }, (_, i) => `*a*Q${i}*`);
    const repository = new TufRepository(NOW).delegate('owner', { paths: [...nearly, 'app:*'] });
    for (const tag of many) repository.put(tag, app(A), 'owner');
    repository.publish();
    const ctx = contextOf(repository);
    const before = trustFile('owner', 1, repository.at('owner'));
    for (const tag of many) repository.remove(tag, 'owner');
    repository.publish();
    const { view } = refresh(ctx, repository, NOW);
    const step = findTarget(ctx, view, 'app:none', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('owner'), NOW);
    const ended = endedBy(ctx, view, new Map([[before.role, before]]), { accepted, authority: step.authority });
    expect(ended.map(({ tag }) => tag)).toEqual(many);
  });

  test('is what a delegator that is not loaded may have let it say', () => {
    const keys = [tufKey('ed25519', 'ci')];
    const repository = new TufRepository(NOW)
      .delegate('a', { paths: ['a:*'] })
      .delegate('b', { paths: ['b:*'] })
      .delegate('c', { paths: ['c:*'] })
      .delegate('ci', { by: 'a', paths: ['*'], keys })
      .delegate('ci', { by: 'b', paths: ['*'], keys });
    for (const tag of ['a:1', 'b:1', 'c:1']) repository.put(tag, app(A), 'ci');
    repository.publish();
    const shelf = new Map(['b', 'c', 'ci'].map((role) => [role, trustFile(role, 1, repository.at(role))]));
    for (const tag of ['a:1', 'b:1', 'c:1']) repository.remove(tag, 'ci');
    repository.publish();
    const ctx = contextOf(repository);
    let { view } = refresh(ctx, repository, NOW);
    const first = findTarget(ctx, view, 'a:none', NOW);
    if (first.kind !== 'wanted') return expect.unreachable();
    view = withRole(view, acceptDelegated(ctx, first, repository.at('a'), NOW));
    const step = findTarget(ctx, view, 'a:none', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('ci'), NOW);
    const ended = endedBy(ctx, view, shelf, { accepted, authority: step.authority });
    expect(ended.map(({ tag }) => tag)).toEqual(['a:1', 'b:1']);
  });

  test('is also what it let others say, within its own paths', () => {
    const repository = new TufRepository(NOW)
      .delegate('org', { paths: ['app:*'] })
      .delegate('team', { by: 'org', paths: ['*'] });
    repository.put('app:1', app(A), 'team').put('elsewhere', app(A), 'team').publish();
    const shelf = new Map(['org', 'team'].map((role) => [role, trustFile(role, 1, repository.at(role))]));
    repository.undelegate('team', 'org').publish();
    const ctx = contextOf(repository);
    const { view } = refresh(ctx, repository, NOW);
    const step = findTarget(ctx, view, 'app:1', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('org'), NOW);
    expect(endedBy(ctx, view, shelf, { accepted, authority: step.authority })).toEqual([
      { role: 'team', tag: 'app:1', digest: A, removed: true },
    ]);
  });

  /** Of `org`, whose delegations change like this, while these roles lie on the shelf. */
  function endedOf(
    repository: TufRepository,
    shelved: readonly string[],
    change: (repository: TufRepository) => TufRepository,
  ): readonly string[] {
    repository.publish();
    const shelf = new Map(shelved.map((role) => [role, trustFile(role, 1, repository.at(role))]));
    change(repository).publish();
    const ctx = contextOf(repository);
    const { view } = refresh(ctx, repository, NOW);
    const step = findTarget(ctx, view, 'app:none', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('org'), NOW);
    const ended = endedBy(ctx, view, shelf, { accepted, authority: step.authority });
    return ended.map(({ role, tag }) => `${role} ${tag}`);
  }

  test('is not what it goes on to say itself, though it took away a role that had delegated to it', () => {
    const keys = [tufKey('ed25519', 'org')];
    const repository = new TufRepository(NOW)
      .delegate('org', { paths: ['app:*'], keys })
      .delegate('team', { by: 'org', paths: ['*'] })
      .delegate('org', { by: 'team', paths: ['*'], keys });
    repository.put('app:1', app(A), 'org').put('app:2', app(A), 'team');
    expect(endedOf(repository, ['org', 'team'], (made) => made.undelegate('team', 'org'))).toEqual(['team app:2']);
  });

  test('is nothing more where it delegated to itself', () => {
    const keys = [tufKey('ed25519', 'org')];
    const repository = new TufRepository(NOW)
      .delegate('org', { paths: ['app:*'], keys })
      .delegate('org', { by: 'org', paths: ['*'], keys });
    repository.put('app:1', app(A), 'org');
    const narrowed = (made: TufRepository): TufRepository =>
      made.undelegate('org', 'org').delegate('org', { by: 'org', paths: ['no'], keys });
    expect(endedOf(repository, ['org'], narrowed)).toEqual([]);
  });

  test('is nothing below, where nothing was said before', () => {
    const repository = new TufRepository(NOW).delegate('app').put('app:1', app(A), 'app').publish();
    const ctx = contextOf(repository);
    const shelf = new Map([['app', trustFile('app', 1, repository.at('app'))]]);
    const { view } = refresh(ctx, repository, NOW);
    expect(endedBelow(ctx, undefined, view, shelf)).toEqual([]);
    expect(endedBelow(ctx, { ...view, targets: new Map() }, view, shelf)).toEqual([]);
    expect(endedBelow(ctx, view, { ...view, targets: new Map() }, shelf)).toEqual([]);
  });

  test('is nothing below in Notary, where each view says all of it', () => {
    const repository = new NotaryRepository(GUN, NOW).delegate('targets/a').sign('1', A, 1, 'targets/a').publish();
    const ctx = notaryContext(GUN);
    const before = notaryRefresh(ctx, repository, NOW).view;
    const shelf = new Map([['targets/a', before.targets.get('targets/a')!.file]]);
    const after = notaryRefresh(ctx, repository.undelegate('targets/a').publish(), NOW).view;
    expect(endedBelow(ctx, before, after, shelf)).toEqual([]);
  });

  test('is nothing for a role that was never seen', () => {
    const repository = new TufRepository(NOW).delegate('app').put('app:1', app(A), 'app').publish();
    const ctx = contextOf(repository);
    const { view } = refresh(ctx, repository, NOW);
    const step = findTarget(ctx, view, 'app:1', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    const accepted = acceptDelegated(ctx, step, repository.at('app'), NOW);
    expect(endedBy(ctx, view, new Map(), { accepted, authority: step.authority })).toEqual([]);
  });

  test('is all that any role said, when recovery begins anew', () => {
    const repository = new TufRepository(NOW).put('top', app(B)).delegate('app').put('x', app(A), 'app');
    repository.put('odd', { length: 1, hashes: { sha512: 'ab'.repeat(64) } }, 'app').publish();
    const files = ['timestamp', 'targets', 'app'].map((role) => trustFile(role, 1, repository.at(role)));
    expect(allEnded(contextOf(repository), files)).toEqual([
      { role: 'targets', tag: 'top', digest: B, removed: true },
      { role: 'app', tag: 'x', digest: A, removed: true },
    ]);
  });
});

describe('who names a digest', () => {
  const said = saying({ 1: A, latest: A, 2: B }, { 1: A });

  test('is every role and tag', () => {
    expect(naming(said, [A])).toEqual([
      { role: 'targets', tag: '1', digest: A },
      { role: 'targets', tag: 'latest', digest: A },
      { role: 'targets/releases', tag: '1', digest: A },
    ]);
  });

  test('is asked for several in their order, and as often as one likes', () => {
    const tags = (): string[] => naming(said, [B, C, A]).map(({ tag }) => tag);
    expect(tags()).toEqual(['2', '1', 'latest', '1']);
    expect(tags()).toEqual(['2', '1', 'latest', '1']);
  });

  test('is nobody for a digest that is not signed', () => {
    expect(naming(said, [C])).toEqual([]);
  });

  test('is known without a second look at what was looked at before', () => {
    let looks = 0;
    const targets = new Map(said.targets);
    targets[Symbol.iterator] = () => (looks++, said.targets[Symbol.iterator]());
    for (let i = 0; i < 3; i++) expect(naming({ kind: 'notary', targets }, [B])).toHaveLength(1);
    expect(looks).toBe(1);
  });
});
