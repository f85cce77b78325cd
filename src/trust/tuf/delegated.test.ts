import { describe, expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import { contextOf as notaryContext, refresh as notaryRefresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import {
  type Accepted,
  acceptDelegated,
  carryOver,
  findTarget,
  lightened,
  type Targets,
  type View,
} from './collection.ts';
import { sha256Hex } from './hex.ts';
import { trustFile } from './trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };

function published(hashed = false): TufRepository {
  return new TufRepository(NOW, { hashed }).delegate('app').put('app:1', A, 'app').publish();
}

/** The file that a search asked for, as it came. */
function accept(repository: TufRepository, bytes: Uint8Array, shelf?: Uint8Array): Accepted<Targets> {
  const ctx = contextOf(repository);
  const step = findTarget(ctx, refresh(ctx, repository, NOW).view, 'app:1', NOW);
  if (step.kind !== 'wanted') return expect.unreachable();
  const kept = shelf && trustFile('app', ctx.format.targets('', 'app', shelf, ctx.crypto).model.version, shelf);
  return acceptDelegated(ctx, step, bytes, NOW, kept);
}

describe('a delegated file', () => {
  test('is accepted with its version, its hash and who signed it', () => {
    const repository = published();
    const bytes = repository.at('app');
    const { file, signers } = accept(repository, bytes);
    expect(file).toEqual({ role: 'app', version: 1, sha256: sha256Hex(bytes), bytes });
    expect(signers).toEqual(repository.authority('app').keys.map(({ keyId }) => keyId));
  });

  test('of another version than the snapshot lists is refused', () => {
    const repository = published();
    const old = repository.at('app');
    repository.touch('app').publish();
    expect(code(() => accept(repository, old))).toBe('trust.hash');
  });

  test('with other bytes than the snapshot lists is refused', () => {
    const repository = published(true);
    expect(code(() => accept(repository, repository.sign('app', { edit: (signed) => (signed['x'] = 1) })))).toBe(
      'trust.hash',
    );
  });

  test('that its delegator’s keys did not sign is refused, and says which', () => {
    const repository = published();
    const bytes = repository.sign('app', { signers: [tufKey('ed25519', 'stranger')] });
    expect(() => accept(repository, bytes)).toThrow(
      expect.objectContaining({ code: 'trust.signature', detail: { role: 'app' } }),
    );
  });

  test('that has expired is refused', () => {
    const repository = published();
    repository.of('app').expires = NOW;
    expect(code(() => accept(repository.touch('app').publish(), repository.at('app')))).toBe('trust.expired');
  });
});

describe('the file accepted before under its name', () => {
  test('comes back as often as it likes', () => {
    const repository = published();
    expect(code(() => accept(repository, repository.at('app'), repository.at('app')))).toBe('accepted');
  });

  test('is never exchanged for another of the same version, however well that is signed', () => {
    const repository = published();
    const other = repository.sign('app', { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
    expect(() => accept(repository, other, repository.at('app'))).toThrow(
      expect.objectContaining({ code: 'trust.equal-version', detail: { role: 'app' } }),
    );
  });

  test('gives way to the next version', () => {
    const repository = published();
    const old = repository.at('app');
    repository.touch('app').publish();
    expect(code(() => accept(repository, repository.at('app'), old))).toBe('accepted');
  });

  test('gives way to an older version that the snapshot lists: that it may, the snapshot has judged', () => {
    const repository = published();
    const newer = repository.sign('app', { version: 9 });
    expect(code(() => accept(repository, repository.at('app'), newer))).toBe('accepted');
  });
});

describe('the next view', () => {
  /** The view before, with the delegated file loaded, and the one after what was done. */
  function next(repository: TufRepository, change: (repository: TufRepository) => void): [View, View] {
    const ctx = contextOf(repository);
    const before = refresh(ctx, repository, NOW);
    const { view } = ask(ctx, repository, before.view, 'app:1', NOW);
    change(repository);
    return [view, refresh(ctx, repository.publish(), NOW, before.trusted).view];
  }

  test('keeps the delegated files that its snapshot still lists, and its own targets', () => {
    const [before, after] = next(published(), (repository) => repository.touch('targets'));
    const carried = carryOver(before, after);
    expect([...carried.targets.keys()]).toEqual(['targets', 'app']);
    expect(carried.targets.get('app')).toBe(before.targets.get('app'));
    expect(carried.targets.get('targets')).toBe(after.targets.get('targets'));
    expect(carried).toEqual({ ...after, targets: carried.targets });
  });

  test('keeps its own targets though the file before was the same', () => {
    const [before, after] = next(published(), () => undefined);
    const top = after.targets.get('targets')!;
    const renewed = { ...after, targets: new Map([['targets', { ...top }]]) };
    const carried = carryOver(before, renewed);
    expect(carried.targets.get('targets')).toBe(renewed.targets.get('targets'));
  });

  test.each([false, true])('has to load those that changed, hashes listed: %s', (hashed) => {
    const [before, after] = next(published(hashed), (repository) => repository.touch('app'));
    expect([...carryOver(before, after).targets.keys()]).toEqual(['targets']);
  });

  test('does not keep what its snapshot lists no more', () => {
    const [before, after] = next(published(), () => undefined);
    const meta = new Map(after.snapshot.model.meta);
    meta.delete('app');
    const view = { ...after, snapshot: { ...after.snapshot, model: { ...after.snapshot.model, meta } } };
    expect([...carryOver(before, view).targets.keys()]).toEqual(['targets']);
  });

  test('has to load those that it gives a smaller length', () => {
    const kept = (less: number): string[] => {
      const [before, after] = next(published(), (repository) =>
        repository.touch('targets').edits.set('snapshot', (signed) => {
          const meta = signed['meta'] as Record<string, object>;
          meta['app.json'] = { version: 1, length: repository.at('app').length - less };
        }),
      );
      return [...carryOver(before, after).targets.keys()];
    };
    expect(kept(0)).toEqual(['targets', 'app']);
    expect(kept(-1)).toEqual(['targets', 'app']);
    expect(kept(1)).toEqual(['targets']);
  });

  test('after none has what it has', () => {
    const repository = published();
    const { view } = refresh(contextOf(repository), repository, NOW);
    expect(carryOver(undefined, view)).toEqual(view);
  });

  test('of Notary is whole as it is', () => {
    const repository = new NotaryRepository('docker.io/library/alpine', NOW).delegate('targets/a').publish();
    const { view } = notaryRefresh(notaryContext(repository.gun), repository, NOW);
    expect(carryOver({ ...view, targets: new Map() }, view)).toBe(view);
  });
});

describe('a view that holds more than it may', () => {
  const repository = published();
  const { view } = refresh(contextOf(repository), repository, NOW);
  const top = view.targets.get('targets')!;
  const loaded = (role: string, bytes: number) =>
    [role, { ...top, file: { ...top.file, role, bytes: new Uint8Array(bytes) } }] as const;
  const holding = (...roles: (readonly [string, Accepted<Targets>])[]): View => ({
    ...view,
    targets: new Map([['targets', top], ...roles]),
  });
  const kept = (held: View, maxBytes: number): string[] => [...lightened(held, maxBytes).targets.keys()];

  test('lets go of what was loaded first, and of no more than it must', () => {
    const held = holding(loaded('a', 10), loaded('b', 20), loaded('c', 30));
    expect(kept(held, 60)).toEqual(['targets', 'a', 'b', 'c']);
    expect(kept(held, 59)).toEqual(['targets', 'b', 'c']);
    expect(kept(held, 50)).toEqual(['targets', 'b', 'c']);
    expect(kept(held, 49)).toEqual(['targets', 'c']);
    expect([...held.targets.keys()]).toEqual(['targets', 'a', 'b', 'c']);
  });

  test('keeps its own targets and the newest, whatever their size', () => {
    expect(kept(holding(loaded('a', 10), loaded('b', 20)), 0)).toEqual(['targets', 'b']);
    expect(kept(holding(), 0)).toEqual(['targets']);
  });
});
