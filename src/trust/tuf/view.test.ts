import { describe, expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { contextOf as notaryContext, refresh as notaryRefresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { ask, contextOf, refresh, type Refreshed, walkRoots } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import {
  acceptSnapshot,
  acceptTimestamp,
  completeView,
  expiriesOf,
  finishRoots,
  rootOf,
  sameFiles,
  versionsOf,
  type View,
  viewFiles,
  viewSignedTags,
  viewUnder,
} from './collection.ts';
import { refuseExpiredBase } from './view.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const APP = { digest: A, length: 1 };

const tuf = (): TufRepository => new TufRepository(NOW).put('top', APP).delegate('app').put('app:1', APP, 'app');
const notary = (): NotaryRepository =>
  new NotaryRepository(GUN, NOW)
    .delegate('targets/rel', { paths: ['rel-'] })
    .sign('1', A, 1)
    .sign('rel-1', A, 1, 'targets/rel')
    .sign('other', A, 1, 'targets/rel');

function viewOf(repository: TufRepository): View {
  return refresh(contextOf(repository), repository, NOW).view;
}

function notaryView(repository: NotaryRepository): View {
  return notaryRefresh(notaryContext(GUN), repository, NOW).view;
}

/** With the delegated file that a search for it loads. */
function searched(repository: TufRepository): View {
  return ask(contextOf(repository), repository, viewOf(repository), 'app:1', NOW).view;
}

describe('two updates came to the same files', () => {
  test('when every file is the same, whatever searches have loaded', () => {
    const repository = tuf().publish();
    expect(sameFiles(viewOf(repository), searched(repository))).toBe(true);
    const signed = notary().publish();
    expect(sameFiles(notaryView(signed), notaryView(signed))).toBe(true);
  });

  test('not when the same timestamp leads to other targets', () => {
    const repository = tuf().publish();
    const before = viewOf(repository);
    const now = (role: string): number => repository.of(role).version;
    repository
      .rotate('targets')
      .publish({ targets: now('targets'), snapshot: now('snapshot'), timestamp: now('timestamp') });
    const after = viewOf(repository);
    expect(after.timestamp.file.sha256).toBe(before.timestamp.file.sha256);
    expect(sameFiles(before, after)).toBe(false);
  });

  test('not when one of them has a file more', () => {
    const view = notaryView(notary().publish());
    const less = { ...view, targets: new Map([...view.targets].slice(0, 1)) };
    expect(sameFiles(view, less)).toBe(false);
    expect(sameFiles(less, view)).toBe(false);
  });
});

describe('a view', () => {
  const repository = tuf().publish();
  const ctx = contextOf(repository);

  test('is complete only with timestamp, snapshot and targets of this update', () => {
    const { trusted } = finishRoots(ctx, walkRoots(ctx, repository), NOW);
    const complete = (state: typeof trusted): string => message(() => completeView(ctx, state, NOW));
    const stamped = acceptTimestamp(ctx, trusted, repository.at('timestamp'), NOW);
    const snapped = acceptSnapshot(ctx, stamped, repository.at('snapshot'), NOW);
    for (const state of [trusted, stamped, snapped])
      expect(complete(state)).toContain('a view before all its files were accepted');
    const done = refresh(ctx, repository, NOW).trusted;
    const { timestamp, ...progress } = done.progress!;
    expect(timestamp).toBeDefined();
    expect(complete(done)).toBe('');
    expect(complete({ ...done, progress })).toContain('a view before all its files were accepted');
  });

  test('says what it is of and what it rests on', () => {
    const { view, trusted } = refresh(ctx, repository, NOW);
    expect(view).toEqual({
      kind: 'tuf',
      gun: 'vendor',
      anchor: 'root-file',
      root: trusted.roots[0],
      timestamp: trusted.timestamp,
      snapshot: trusted.snapshot,
      targets: trusted.targets,
      unusable: new Map(),
    });
  });

  test.each(['root', 'timestamp', 'snapshot'])('ends with its %s', (role) => {
    const made = tuf();
    made.of(role).expires = NOW + DAY / 2;
    const { view, trusted } = refresh(contextOf(made.publish()), made, NOW);
    for (const judge of [
      (now: number) => code(() => refuseExpiredBase(view, now)),
      (now: number) => code(() => completeView(contextOf(made), trusted, now)),
    ]) {
      expect(judge(NOW + DAY / 2 - 1)).toBe('accepted');
      expect(judge(NOW + DAY / 2)).toBe('trust.expired');
    }
  });
});

describe('under a newer root', () => {
  /** The view from before it, as it stands under it. */
  function after(repository: TufRepository, before: Refreshed): View | undefined {
    const ctx = contextOf(repository);
    return viewUnder(ctx, walkRoots(ctx, repository.publish(), before.trusted), before.view);
  }

  test('a view stands while its keys do, with all that was loaded', () => {
    const repository = tuf().publish();
    const before = { ...refresh(contextOf(repository), repository, NOW), view: searched(repository) };
    const view = after(repository.touch('root'), before);
    expect(view?.root.model.version).toBe(2);
    expect([...(view?.targets.keys() ?? [])]).toEqual(['targets', 'app']);
    expect(view?.timestamp).toBe(before.view.timestamp);
  });

  test.each(['timestamp', 'snapshot', 'targets'])('a view whose %s key was rotated away stands no more', (role) => {
    const repository = tuf().publish();
    expect(after(repository.rotate(role), refresh(contextOf(repository), repository, NOW))).toBeUndefined();
  });

  test('a view says who of those that may sign now has signed', () => {
    const repository = tuf();
    const [old] = repository.authority('targets').keys;
    const other = repository.newKey();
    repository.authorize('targets', { keys: [old!, other] }).publish();
    const before = refresh(contextOf(repository), repository, NOW);
    expect(before.view.targets.get('targets')?.signers).toEqual([old?.keyId, other.keyId]);
    const view = after(repository.rotate('targets', [other]), before);
    expect(view?.targets.get('targets')?.signers).toEqual([other.keyId]);
  });

  test('a view without targets is none', () => {
    const repository = tuf().publish();
    const { view, trusted } = refresh(contextOf(repository), repository, NOW);
    expect(viewUnder(contextOf(repository), trusted, { ...view, targets: new Map() })).toBeUndefined();
  });
});

describe('what a view is stored as', () => {
  test('in Notary all that is believed', () => {
    const files = viewFiles(notaryView(notary().publish()));
    expect(files.map(({ role }) => role)).toEqual(['timestamp', 'snapshot', 'targets', 'targets/rel']);
  });

  test('in TUF 1.0 without what was searched', () => {
    const files = viewFiles(searched(tuf().publish()));
    expect(files.map(({ role }) => role)).toEqual(['timestamp', 'snapshot', 'targets']);
  });
});

describe('the tags that a view names', () => {
  test('in Notary, those within the paths', () => {
    expect([...viewSignedTags(notaryView(notary().publish()))]).toEqual([
      { role: 'targets', tag: '1', digest: A },
      { role: 'targets/rel', tag: 'rel-1', digest: A },
    ]);
  });

  test('in TUF 1.0, what the loaded roles list with a sha256 and may speak for', () => {
    const repository = tuf().put('app:2', { length: 1, hashes: { sha512: 'ab'.repeat(64) } }, 'app');
    expect([...viewSignedTags(searched(repository.put('elsewhere', APP, 'app').publish()))]).toEqual([
      { role: 'targets', tag: 'top', digest: A },
      { role: 'app', tag: 'app:1', digest: A },
    ]);
  });

  test('in TUF 1.0, though a role has the name of a Notary delegation', () => {
    const repository = new TufRepository(NOW).delegate('targets/app', { paths: ['app:*'] });
    const view = searched(repository.put('app:1', APP, 'targets/app').publish());
    expect([...viewSignedTags(view)]).toEqual([{ role: 'targets/app', tag: 'app:1', digest: A }]);
  });
});

test('versions and ends are those of root, timestamp, snapshot, and the roles that were asked for', () => {
  const repository = tuf().delegate('unasked');
  repository.of('app').expires = NOW + 3 * DAY;
  const view = searched(repository.publish({ root: 1, timestamp: 5, snapshot: 6, app: 7 }));
  expect([...versionsOf(view, ['app', 'unasked'])]).toEqual([
    ['root', 1],
    ['timestamp', 5],
    ['snapshot', 6],
    ['app', 7],
  ]);
  expect([...expiriesOf(view, ['app'])]).toEqual([
    ['root', NOW + 365 * DAY],
    ['timestamp', NOW + DAY],
    ['snapshot', NOW + 7 * DAY],
    ['app', NOW + 3 * DAY],
  ]);
});

test('a decision shows the version of the root, who signed it, and where trust began', () => {
  const repository = tuf().publish();
  const keys = repository.authority('root').keys.map(({ keyId }) => keyId);
  expect(rootOf(viewOf(repository))).toEqual({ version: 1, keys, anchor: 'root-file' });
});
