import { describe, expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import { contextOf, refresh, type Refreshed, walkRoots } from '../../simulator/tuf-refresh.ts';
import { dressed, tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { finishRoots, restore, type Stored, type Trusted, type TrustFile, type View, viewFiles } from './collection.ts';
import type { Model } from './model.ts';
import { type Accepted, trustFile } from './trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const ROLES = ['timestamp', 'snapshot', 'targets'] as const;

const make = (): TufRepository => new TufRepository(NOW).put('top', A).delegate('app').put('app:1', A, 'app').publish();
const update = (repository: TufRepository, before?: Trusted): Refreshed =>
  refresh(contextOf(repository), repository, NOW, before);

/** What the state store would have kept. */
function stored({ anchor, roots, timestamp, snapshot, targets, shelf }: Trusted, view?: View): Stored {
  const own = [timestamp, snapshot, ...targets.values()].flatMap((floor) => (floor ? [floor.file] : []));
  const floors = [...own, ...shelf.values()];
  return { anchor, roots: roots.map(({ file }) => file), floors, ...(view ? { view: viewFiles(view) } : {}) };
}

const kept = ({ trusted, view }: Refreshed): Stored => stored(trusted, view);
const onShelf = (trusted: Trusted, file: TrustFile): Trusted => ({
  ...trusted,
  shelf: new Map(trusted.shelf).set(file.role, file),
});
const floorOf = (trusted: Trusted, role: (typeof ROLES)[number]): Accepted<Model> | undefined =>
  role === 'targets' ? trusted.targets.get(role) : trusted[role];
const change = (files: readonly TrustFile[], role: string, to: TrustFile): TrustFile[] =>
  files.map((file) => (file.role === role ? to : file));

/** The role as it might stand on a disk that somebody wrote to: signed by a stranger, with its right hash. */
function forged(repository: TufRepository, role: string): TrustFile {
  return trustFile(
    role,
    repository.of(role).version,
    repository.sign(role, { signers: [tufKey('ed25519', 'stranger')] }),
  );
}

/** Roots that are newer than everything else. */
function ahead(repository: TufRepository, before: Refreshed): Trusted {
  return walkRoots(contextOf(repository), repository.publish(), before.trusted);
}

describe('what was stored', () => {
  test('comes back as it was, with who signed it, and an update goes on from there', () => {
    const repository = make().publish({ timestamp: 5 });
    const before = update(repository);
    const { trusted, view } = restore(contextOf(repository), kept(before));
    expect(trusted).toEqual({ ...before.trusted, progress: undefined });
    expect(view).toEqual(before.view);
    repository.put('top', { ...A, length: 2 }).publish();
    expect(update(repository, trusted).view.targets.get('targets')?.model.version).toBe(2);
    repository.publish({ timestamp: 4 });
    expect(code(() => update(repository, trusted))).toBe('trust.rollback');
  });

  test('is parsed once, though targets are a floor and in the view as well', () => {
    const repository = make();
    const files = kept(update(repository));
    const ctx = contextOf(repository);
    const parsed: string[] = [];
    const targets: typeof ctx.format.targets = (name, role, ...rest) => {
      parsed.push(role);
      return ctx.format.targets(name, role, ...rest);
    };
    expect(restore({ ...ctx, format: { ...ctx.format, targets } }, files).view).toBeDefined();
    expect(parsed).toEqual(['targets']);
  });

  test('of delegated files is the shelf, whoever signed them: they are verified when they are put to use', () => {
    const repository = make();
    const file = forged(repository, 'app');
    const { trusted } = update(repository);
    const back = restore(contextOf(repository), stored(onShelf(trusted, file))).trusted;
    expect([...back.shelf]).toEqual([['app', file]]);
    expect([...back.targets.keys()]).toEqual(['targets']);
  });

  test.each(ROLES)('a %s that a stranger signed is no floor', (role) => {
    const repository = make();
    const files = kept(update(repository));
    const floors = change(files.floors, role, forged(repository, role));
    expect(code(() => restore(contextOf(repository), { ...files, floors }))).toBe('state.damaged');
  });

  test.each(ROLES)('a %s that a stranger signed is no part of a view', (role) => {
    const repository = make();
    const files = kept(update(repository));
    const view = change(files.view ?? [], role, forged(repository, role));
    expect(code(() => restore(contextOf(repository), { ...files, view }))).toBe('state.damaged');
  });

  test.each(ROLES)('a view without its %s is damaged', (role) => {
    const repository = make();
    const files = kept(update(repository));
    const view = (files.view ?? []).filter((file) => file.role !== role);
    expect(code(() => restore(contextOf(repository), { ...files, view }))).toBe('state.damaged');
  });

  test('a view of files that do not belong together is damaged', () => {
    const repository = make();
    update(repository);
    const old = trustFile('targets', 1, repository.at('targets'));
    const files = kept(update(repository.put('top', { ...A, length: 2 }).publish()));
    const view = change(files.view ?? [], 'targets', old);
    expect(code(() => restore(contextOf(repository), { ...files, view }))).toBe('state.damaged');
  });
});

describe('a view from before the newest root', () => {
  test('stands under it while its keys do', () => {
    const repository = make();
    const before = update(repository);
    const { trusted, view } = restore(
      contextOf(repository),
      stored(ahead(repository.touch('root'), before), before.view),
    );
    expect(trusted.roots).toHaveLength(2);
    expect(view?.root.model.version).toBe(2);
  });

  test.each(ROLES)('goes when its %s key was rotated away, and that is no damage', (role) => {
    const repository = make();
    const before = update(repository);
    const after = ahead(repository.rotate(role), before);
    expect(restore(contextOf(repository), stored(after, before.view)).view).toBeUndefined();
  });

  test.each(ROLES)('goes when more must sign its %s now', (role) => {
    const repository = make();
    const before = update(repository);
    const keys = [...repository.authority(role).keys, repository.newKey()];
    const after = ahead(repository.authorize(role, { keys, threshold: 2 }), before);
    expect(restore(contextOf(repository), stored(after, before.view)).view).toBeUndefined();
  });

  test('is damaged when it stands under none of the roots there are', () => {
    const repository = make();
    const before = update(repository);
    const files = stored(before.trusted, update(repository.rotate('snapshot').publish()).view);
    expect(code(() => restore(contextOf(repository), files))).toBe('state.damaged');
  });

  test.each(ROLES)(
    'that was made between two rotations of its %s key is found to stand under the root between',
    (role) => {
      const repository = make();
      const first = update(repository);
      const second = update(repository.rotate(role).publish(), first.trusted);
      const after = ahead(repository.rotate(role), second);
      const files = stored(after, second.view);
      expect(code(() => restore(contextOf(repository), files))).toBe('accepted');
      expect(restore(contextOf(repository), files).view).toBeUndefined();
    },
  );
});

describe('a pin on a later root', () => {
  test('cuts the chain; what stands under the rest stays', () => {
    const repository = make();
    const before = update(repository);
    const files = stored(ahead(repository.touch('root'), before), before.view);
    const { trusted, view } = restore(contextOf(repository, 2), files);
    expect(trusted.roots.map(({ model }) => model.version)).toEqual([2]);
    expect(view?.root.model.version).toBe(2);
  });

  test.each(ROLES)('leaves a %s that only the roots before vouch for to recovery, and drops the view', (role) => {
    const repository = make();
    const before = update(repository);
    const files = stored(ahead(repository.rotate(role), before), before.view);
    const ctx = contextOf(repository, 2);
    const { trusted, view } = restore(ctx, files);
    expect(view).toBeUndefined();
    expect([trusted.timestamp, trusted.snapshot, trusted.targets.get('targets')].map((floor) => floor?.file)).toEqual(
      files.floors,
    );
    expect(floorOf(trusted, role)).toMatchObject({ signers: [], signerKeys: [] });
    expect(finishRoots(ctx, trusted, NOW).forgotten).toEqual(
      role === 'targets' ? ['targets'] : ['timestamp', 'snapshot', 'targets'],
    );
  });

  test('does not excuse a changed file', () => {
    const repository = make();
    const before = update(repository);
    const files = stored(ahead(repository.rotate('timestamp'), before), before.view);
    const broken = { ...before.view.snapshot.file, bytes: new Uint8Array(1) };
    const view = change(files.view ?? [], 'snapshot', broken);
    expect(code(() => restore(contextOf(repository, 2), { ...files, view }))).toBe('state.damaged');
  });

  test('on a root that was never stored covers nothing', () => {
    const repository = make();
    const files = kept(update(repository));
    repository.touch('root').publish();
    expect(code(() => restore(contextOf(repository, 2), files))).toBe('trust.pin');
  });
});

describe('fast-forward recovery', () => {
  const far = 2 ** 40;

  test.each(['timestamp', 'snapshot'])('a rotated %s key takes all floors with it, the shelf too', (role) => {
    const repository = make();
    const { trusted } = update(repository.publish({ timestamp: far, snapshot: far, targets: far, app: far }));
    const before = onShelf(trusted, trustFile('app', far, repository.at('app')));
    repository.rotate(role).publish({ timestamp: 2, snapshot: 2, targets: 2, app: 2 });
    const after = update(repository, before);
    expect(after.forgotten).toEqual(['timestamp', 'snapshot', 'targets', 'app']);
    expect(after.trusted.shelf.size).toBe(0);
    expect(after.view.targets.get('targets')?.model.version).toBe(2);
  });

  test('a rotated targets key takes the floor of targets alone', () => {
    const repository = make();
    const { trusted } = update(repository);
    const before = onShelf(trusted, trustFile('app', 1, repository.at('app')));
    const ctx = contextOf(repository);
    repository.rotate('targets').publish();
    const after = finishRoots(ctx, walkRoots(ctx, repository, before), NOW);
    expect(after.forgotten).toEqual(['targets']);
    expect([...after.trusted.targets.keys()]).toEqual([]);
    expect([...after.trusted.shelf.keys()]).toEqual(['app']);
    expect(update(repository, before).view.targets.get('targets')?.model.version).toBe(2);
  });

  test.each(ROLES)('an added key of %s alone forgets nothing', (role) => {
    const repository = make();
    const { trusted } = update(repository);
    const before = onShelf(trusted, trustFile('app', 1, repository.at('app')));
    const keys = [...repository.authority(role).keys, repository.newKey()];
    const ctx = contextOf(repository);
    repository.authorize(role, { keys }).publish();
    const recovered = finishRoots(ctx, walkRoots(ctx, repository, before), NOW);
    expect(recovered.forgotten).toEqual([]);
    expect(recovered.trusted).toMatchObject({ timestamp: trusted.timestamp, snapshot: trusted.snapshot });
    expect(recovered.trusted.targets.get('targets')).toBe(trusted.targets.get('targets'));
    expect([...recovered.trusted.shelf.keys()]).toEqual(['app']);
  });

  test('an added key of a kind that nobody knows yet forgets nothing', () => {
    const repository = make();
    const { trusted } = update(repository);
    const unknown = dressed(repository.newKey(), { keytype: 'sigstore-oidc', scheme: 'Fulcio' });
    repository.authorize('timestamp', { keys: [...repository.authority('timestamp').keys, unknown] }).publish();
    expect(update(repository, trusted).forgotten).toEqual([]);
  });

  test('a state of roots alone has nothing to forget', () => {
    const repository = make();
    const ctx = contextOf(repository);
    const { trusted, forgotten } = finishRoots(ctx, walkRoots(ctx, repository), NOW);
    expect(forgotten).toEqual([]);
    expect('timestamp' in trusted || 'snapshot' in trusted).toBe(false);
  });

  test('a timestamp without a snapshot stands or goes by itself', () => {
    const repository = make();
    const ctx = contextOf(repository);
    const { snapshot, ...trusted } = update(repository).trusted;
    expect(snapshot).toBeDefined();
    const standing = finishRoots(ctx, walkRoots(ctx, repository, trusted), NOW);
    expect(standing.forgotten).toEqual([]);
    expect(standing.trusted.timestamp).toBe(trusted.timestamp);
    const gone = finishRoots(ctx, walkRoots(ctx, repository.rotate('timestamp').publish(), trusted), NOW);
    expect(gone.forgotten).toEqual(['timestamp', 'targets']);
  });

  test.each(ROLES)('a %s that two signed stands by the one who stays, under a threshold that he meets', (role) => {
    const repository = make();
    const [one, two] = [tufKey('ed25519', 'one'), tufKey('ed25519', 'two')];
    const ctx = contextOf(repository);
    const { trusted } = update(repository.authorize(role, { keys: [one, two], threshold: 2 }).publish());
    expect(floorOf(trusted, role)?.signers).toEqual([one.keyId, two.keyId]);
    repository.authorize(role, { keys: [two], threshold: 1 }).publish();
    const kept = finishRoots(ctx, walkRoots(ctx, repository, trusted), NOW);
    expect(kept.forgotten).toEqual([]);
    expect(floorOf(kept.trusted, role)?.signers).toEqual([two.keyId]);
    repository.authorize(role, { keys: [two, tufKey('ed25519', 'three')], threshold: 2 }).publish();
    expect(finishRoots(ctx, walkRoots(ctx, repository, kept.trusted), NOW).forgotten).toContain(role);
  });

  test('a key id that means another key now does not keep a floor', () => {
    const repository = make();
    const { trusted } = update(repository);
    const [old] = repository.authority('timestamp').keys;
    repository.rotate('timestamp', [{ ...tufKey('ed25519', 'thief'), keyId: old!.keyId }]).publish();
    expect(update(repository, trusted).forgotten).toEqual(['timestamp', 'snapshot', 'targets']);
  });

  test('nor does it stand for one of the two who signed it', () => {
    const repository = make();
    const [one, two] = [tufKey('ed25519', 'one'), tufKey('ed25519', 'two')];
    const { trusted } = update(repository.authorize('timestamp', { keys: [one, two], threshold: 2 }).publish());
    const thief = { ...tufKey('ed25519', 'thief'), keyId: two.keyId };
    repository.rotate('timestamp', [one, thief]).publish();
    expect(update(repository, trusted).forgotten).toEqual(['timestamp', 'snapshot', 'targets']);
  });
});
