import { describe, expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { contextOf, refresh, walkRoots } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import type { Plain } from '../../simulator/tuf-document.ts';
import { TufRepository, type TufRepositoryOptions } from '../../simulator/tuf-repository.ts';
import {
  acceptTimestamp,
  finishRoots,
  rolesToLoad,
  snapshotWanted,
  type Trusted,
  type TrustFile,
} from './collection.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const B = { digest: `sha256:${'bb'.repeat(32)}`, length: 2 };

const make = (options: TufRepositoryOptions = {}): TufRepository =>
  new TufRepository(NOW, options).put('app:1', A).delegate('app').publish();

const update = (repository: TufRepository, before?: Trusted, now = NOW): Trusted =>
  refresh(contextOf(repository), repository, now, before).trusted;

const refused = (repository: TufRepository, before?: Trusted, now = NOW): string =>
  code(() => update(repository, before, now));

const isBytes = (file: TrustFile | undefined, bytes: Uint8Array): boolean => Buffer.from(bytes).equals(file!.bytes);

/** What one file says of another. */
const metaOf = (signed: Plain, role: string): Plain => (signed['meta'] as Record<string, Plain>)[`${role}.json`]!;

test('an honest repository is accepted, and again when nothing or everything changed', () => {
  const repository = make();
  const first = update(repository);
  const again = update(repository, first);
  expect(again.timestamp?.file.sha256).toBe(first.timestamp?.file.sha256);
  expect(again.targets.get('targets')).toBe(first.targets.get('targets'));
  const later = update(repository.put('app:1', B).publish(), again);
  expect([later.timestamp, later.snapshot, later.targets.get('targets')].map((file) => file?.file.version)).toEqual([
    2, 2, 2,
  ]);
});

describe('the files that an update asks for', () => {
  test.each([true, false])('carry their version in their name with consistent snapshots: %s', (consistent) => {
    const repository = make({ consistent });
    const { trusted } = finishRoots(contextOf(repository), walkRoots(contextOf(repository), repository), NOW);
    const stamped = acceptTimestamp(contextOf(repository), trusted, repository.at('timestamp'), NOW);
    expect(snapshotWanted(stamped)).toEqual({
      role: 'snapshot',
      entry: { version: 1, hashes: {} },
      versioned: consistent,
    });
  });

  test('are targets alone: delegations are loaded when a search comes by them', () => {
    const repository = make();
    const { trusted } = refresh(contextOf(repository), repository, NOW);
    const progress = { ...trusted.progress!, targets: new Map() };
    const next = rolesToLoad(contextOf(repository), { ...trusted, progress });
    expect(next.map(({ role }) => role)).toEqual(['targets']);
    expect(rolesToLoad(contextOf(repository), trusted)).toEqual([]);
  });
});

describe('a timestamp of the version that was seen before', () => {
  test('changes nothing: the bytes seen first stay', () => {
    const repository = make();
    const before = update(repository);
    const first = repository.at('timestamp');
    repository.forge('timestamp', { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
    const { timestamp, progress } = update(repository, before);
    expect([timestamp, progress?.timestamp].map((kept) => isBytes(kept?.file, first))).toEqual([true, true]);
  });

  test('does not prolong the one that stays', () => {
    const repository = make();
    const before = update(repository);
    repository.forge('timestamp', { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
    expect(refused(repository, before, NOW + DAY)).toBe('trust.expired');
    expect(refused(repository, undefined, NOW + DAY)).toBe('accepted');
  });

  test('must itself be signed all the same', () => {
    const repository = make();
    const before = update(repository);
    repository.forge('timestamp', { signers: [tufKey('ed25519', 'stranger')] });
    expect(refused(repository, before)).toBe('trust.signature');
  });
});

describe('versions never go back', () => {
  test.each(['timestamp', 'snapshot', 'targets'])('that of %s', (role) => {
    const repository = make();
    const before = update(repository.publish({ timestamp: 4, snapshot: 4, targets: 4 }));
    const named = role === 'targets' ? 'snapshot' : 'timestamp';
    repository.publish({ timestamp: 5, snapshot: 5, targets: 5, [role]: 3 });
    expect(refused(repository, before)).toBe('trust.rollback');
    if (role === 'timestamp') return;
    const file = role === 'targets' ? 'targets' : 'the snapshot that the timestamp names';
    expect(message(() => update(repository, before))).toContain(`${file} of vendor went back to version 3`);
    expect(() => update(repository, before)).toThrow(expect.objectContaining({ detail: { floor: 4, version: 3 } }));
    expect(repository.versions(named).at(-1)).toBe(5);
  });

  test('nor that of a delegated role, though the update does not load it', () => {
    const repository = make();
    const before = update(repository.publish({ app: 7 }));
    expect(refused(repository.publish({ app: 6 }), before)).toBe('trust.rollback');
    expect(refused(repository.publish({ app: 7 }), before)).toBe('accepted');
  });

  test('and a file that was listed stays listed', () => {
    const repository = make();
    const before = update(repository);
    repository.unlisted.add('app');
    expect(refused(repository.touch('targets').publish(), before)).toBe('trust.rollback');
    expect(message(() => update(repository, before))).toContain('no longer lists app');
    expect(refused(repository)).toBe('accepted');
  });

  test('a refused snapshot names no floor: the one before stays', () => {
    const repository = make();
    const before = update(repository.publish({ targets: 4 }));
    expect(refused(repository.publish({ targets: 3 }), before)).toBe('trust.rollback');
    expect(update(repository.publish({ targets: 5 }), before).targets.get('targets')?.file.version).toBe(5);
  });
});

describe('one version is one file', () => {
  test.each(['snapshot', 'targets'])('a second %s of one version is refused', (role) => {
    const repository = make();
    const before = update(repository);
    repository.forge(role, { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
    expect(refused(repository, before)).toBe('trust.equal-version');
    expect(refused(repository)).toBe('accepted');
  });
});

describe('mix and match', () => {
  test.each(['snapshot', 'targets'])('a %s of another version than the one that is named is refused', (role) => {
    for (const version of [1, 3]) {
      const repository = make();
      repository.publish({ [role]: 2 });
      repository.files.replace(`2.${role}.json`, repository.sign(role, { version }));
      expect(() => update(repository)).toThrow(expect.objectContaining({ code: 'trust.hash', detail: { role } }));
      expect(message(() => update(repository))).toContain(`is version ${version}, the signed metadata names version 2`);
    }
  });

  test('old targets that were verified before are refused under the name of the new ones', () => {
    const repository = make();
    const before = update(repository);
    repository.put('app:1', B).publish();
    repository.files.replace('2.targets.json', repository.at('targets', 1));
    expect(refused(repository, before)).toBe('trust.hash');
  });

  test.each(['snapshot', 'targets'])('a %s with other bytes than the ones that are named is refused', (role) => {
    const repository = make({ hashed: true });
    repository.forge(role, { edit: (signed) => (signed['x'] = 1) });
    expect(() => update(repository)).toThrow(expect.objectContaining({ code: 'trust.hash', detail: { role } }));
  });

  test.each<[string, (entry: Plain, bytes: Uint8Array) => void, string]>([
    ['the length', (entry, bytes) => (entry['length'] = bytes.length), 'accepted'],
    ['more than the length', (entry, bytes) => (entry['length'] = bytes.length + 1), 'accepted'],
    ['less than the length', (entry, bytes) => (entry['length'] = bytes.length - 1), 'trust.hash'],
    ['another sha256', (entry) => (entry['hashes'] = { sha256: '0'.repeat(64) }), 'trust.hash'],
    ['another sha512', (entry) => (entry['hashes'] = { sha512: '0'.repeat(128) }), 'trust.hash'],
  ])('a snapshot by %s: %s', (_, change, expected) => {
    const repository = make();
    repository.edits.set('timestamp', (signed) => change(metaOf(signed, 'snapshot'), repository.at('snapshot')));
    expect(refused(repository.publish())).toBe(expected);
  });
});

describe('signatures', () => {
  test.each(['timestamp', 'snapshot', 'targets'])(
    '%s by a stranger is refused, and what may have happened is said',
    (role) => {
      const repository = make();
      repository.forge(role, { signers: [tufKey('ed25519', 'stranger')] });
      expect(refused(repository)).toBe('trust.signature');
      expect(message(() => update(repository))).toContain(
        role === 'targets' ? 'targets of vendor' : `${role} version 1 of`,
      );
      expect(message(() => update(repository))).toContain('the collection was made anew');
    },
  );

  test.each(['timestamp', 'snapshot', 'targets'])('%s by one of two is refused', (role) => {
    const repository = make();
    const [one, two] = [tufKey('ed25519', 'one'), tufKey('ed25519', 'two')];
    repository.authorize(role, { keys: [one, two], threshold: 2 }).publish();
    expect(refused(repository)).toBe('accepted');
    repository.forge(role, { signers: [one] });
    expect(refused(repository)).toBe('trust.threshold');
  });
});

describe('expiry', () => {
  test.each(['root', 'timestamp', 'snapshot', 'targets'])('that of %s is judged at its own step', (role) => {
    const repository = make();
    repository.of(role).expires = NOW + DAY / 2;
    repository.touch(role).publish();
    expect(refused(repository, undefined, NOW + DAY / 2 - 1)).toBe('accepted');
    expect(() => update(repository, undefined, NOW + DAY / 2)).toThrow(
      expect.objectContaining({ code: 'trust.expired', detail: { role } }),
    );
  });
});
