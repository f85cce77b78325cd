import { beforeEach, describe, expect, test } from 'vitest';
import type { Plain } from '../../simulator/notary-document.ts';
import { certifiedKey, plainKey } from '../../simulator/notary-key.ts';
import { contextOf, firstRoot, refresh, walkRoots } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { issueCertificate, newKeyPair } from '../../simulator/notary-certificate.ts';
import {
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  completeView,
  finishRoots,
  lookup,
  rolesToLoad,
  snapshotWanted,
  type Trusted,
  viewFiles,
  viewSignedTags,
} from './collection.ts';
import type { Snapshot } from './model.ts';
import { code, message } from '../../../test/thrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const ctx = contextOf(GUN);
const DIGEST = `sha256:${'ab'.repeat(32)}`;
let repository: NotaryRepository;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW).sign('1', DIGEST, 7).publish();
});

const update = (now = NOW, before?: Trusted): string => code(() => refresh(ctx, repository, now, before));

/** Publishes with a change to what one role signs. */
function edit(role: string, change: (signed: Plain) => void): string {
  repository.edits.set(role, change);
  repository.touch(role).publish();
  return update();
}

test('accepts an honest collection and finds the tag', () => {
  const { view, forgotten } = refresh(ctx, repository, NOW);
  expect(lookup(view, '1', { releases: 'strict' }, NOW)).toMatchObject({
    digest: DIGEST,
    length: 7,
    roles: ['targets'],
  });
  expect(forgotten).toEqual([]);
});

describe('signatures and thresholds', () => {
  test.each(['timestamp', 'snapshot', 'targets'])('refuses %s signed by a foreign key', (role) => {
    repository.of(role).signers = [plainKey()];
    repository.touch(role).publish();
    expect(update()).toBe('trust.signature');
  });

  test.each(['timestamp', 'snapshot', 'targets'])('refuses %s with one of two signatures', (role) => {
    const [a, b] = [plainKey(), plainKey('ed25519')];
    repository.rotate(role, [a, b]).of(role).threshold = 2;
    repository.of(role).signers = [a];
    expect(code(() => refresh(ctx, repository.publish(), NOW))).toBe('trust.threshold');
    repository.of(role).signers = [a, a, plainKey()];
    expect(code(() => refresh(ctx, repository.touch(role).publish(), NOW))).toBe('trust.threshold');
    repository.of(role).signers = [plainKey(), a, b];
    expect(code(() => refresh(ctx, repository.touch(role).publish(), NOW))).toBe('accepted');
  });

  test('one key in two certificates and as a plain key is one key', () => {
    const pair = newKeyPair();
    const wrap = (name: string) =>
      certifiedKey(
        issueCertificate({ commonNames: [name], notBefore: NOW, notAfter: NOW + DAY, keys: pair }).pem,
        pair,
      );
    repository.rotate('targets', [wrap('a'), wrap('b'), plainKey('ecdsa', pair)]).of('targets').threshold = 2;
    repository.publish();
    expect(update()).toBe('trust.threshold');
  });

  test('a threshold above the number of keys can never be met', () => {
    repository.of('targets').threshold = 2;
    repository.touch('targets').touch('root').publish();
    expect(update()).toBe('trust.threshold');
  });

  test.each(['rsa', 'ecdsa', 'ed25519'] as const)('accepts %s keys', (algorithm) => {
    repository.rotate('targets', [plainKey(algorithm)]).publish();
    expect(update()).toBe('accepted');
  });

  test('a garbled signature beside a good one does no harm', () => {
    repository.rewrites.set('targets', (bytes) =>
      Buffer.from(
        Buffer.from(bytes)
          .toString()
          .replace(
            '"signatures":[',
            '"signatures":[{"keyid":"x","method":"y","sig":""},{"keyid":"x","method":"z","sig":"%%"},',
          ),
      ),
    );
    repository.touch('targets').publish();
    expect(update()).toBe('accepted');
  });

  test('the method must fit the key, whatever the file says', () => {
    repository.rewrites.set('targets', (bytes) =>
      Buffer.from(Buffer.from(bytes).toString().replace('"method":"ecdsa"', '"method":"rsapss"')),
    );
    repository.touch('targets').publish();
    expect(update()).toBe('trust.signature');
  });

  test('the method may be written in any case, as Notary reads it', () => {
    repository.rewrites.set('targets', (bytes) =>
      Buffer.from(Buffer.from(bytes).toString().replace('"method":"ecdsa"', '"method":"ECDSA"')),
    );
    repository.touch('targets').publish();
    expect(update()).toBe('accepted');
  });

  test('a key listed under an id that is not its own never counts', () => {
    const targets = repository.of('targets').keys[0]!;
    const false_ = { ...targets, keyId: 'f'.repeat(64) };
    repository.rotate('targets', [false_]).publish();
    expect(update()).toBe('trust.signature');
  });

  test('more than 64 signatures are refused before any is verified', () => {
    repository.of('targets').signers = Array.from({ length: 65 }, () => repository.of('targets').keys[0]!);
    repository.touch('targets').publish();
    expect(update()).toBe('trust.malformed');
    repository.of('targets').signers = Array.from({ length: 64 }, () => repository.of('targets').keys[0]!);
    repository.touch('targets').publish();
    expect(update()).toBe('accepted');
  });

  test('one flipped byte anywhere in the timestamp never passes', () => {
    const good = repository.bytesOf('timestamp');
    const { trusted } = finishRoots(ctx, firstRoot(ctx, repository), NOW);
    for (let i = 0; i < good.length; i += 7) {
      const bad = Uint8Array.from(good);
      bad[i] = (bad[i] ?? 0) ^ 0x01;
      const result = code(() => acceptTimestamp(ctx, trusted, bad, NOW));
      expect(['trust.malformed', 'trust.signature']).toContain(result);
    }
  });
});

describe('versions', () => {
  test.each(['timestamp', 'snapshot', 'targets'])('refuses an older %s', (role) => {
    repository.of(role).version = 9;
    const { trusted } = refresh(ctx, repository.touch(role).publish(), NOW);
    repository.of(role).version = 4;
    repository.touch(role).publish();
    expect(() => refresh(ctx, repository, NOW, trusted)).toThrow(
      expect.objectContaining({ code: 'trust.rollback', detail: { role, floor: 10, version: 5 } }),
    );
  });

  test.each(['timestamp', 'snapshot', 'targets'])('refuses another %s with the same version', (role) => {
    const { trusted } = refresh(ctx, repository, NOW);
    repository.of(role).version -= 1;
    repository.of(role).expires += 1_000;
    repository.touch(role).publish();
    expect(update(NOW, trusted)).toBe('trust.equal-version');
  });

  test('the same files again are no rollback', () => {
    const { trusted } = refresh(ctx, repository, NOW);
    expect(update(NOW, trusted)).toBe('accepted');
  });

  test('an expired timestamp is still a floor', () => {
    repository.of('timestamp').version = 5;
    const { trusted } = refresh(ctx, repository.publish(), NOW);
    repository.of('timestamp').expires = NOW + 30 * DAY;
    repository.of('timestamp').version = 3;
    repository.publish();
    expect(update(NOW + 20 * DAY, trusted)).toBe('trust.rollback');
  });

  test('a refused timestamp leaves no trace: a later good one is accepted', () => {
    const { trusted } = refresh(ctx, repository, NOW);
    repository.of('timestamp').version = 1_000;
    repository.of('timestamp').signers = [plainKey()];
    expect(code(() => refresh(ctx, repository.publish(), NOW, trusted))).toBe('trust.signature');
    repository.of('timestamp').signers = undefined;
    repository.of('timestamp').version = 6;
    expect(update(NOW, refresh(ctx, repository.publish(), NOW, trusted).trusted)).toBe('accepted');
  });

  test('versions beyond 2^31 are accepted', () => {
    repository.of('targets').version = 2 ** 31;
    repository.touch('targets').publish();
    expect(update()).toBe('accepted');
  });
});

describe('expiry', () => {
  test.each(['root', 'timestamp', 'snapshot', 'targets'])('refuses an expired %s, from the very instant on', (role) => {
    repository.of(role).expires = NOW + DAY;
    repository.touch(role).publish();
    expect(update(NOW + DAY - 1)).toBe('accepted');
    expect(update(NOW + DAY)).toBe('trust.expired');
  });

  test('what is expired is refused at its own step, so it never becomes a floor', () => {
    repository.of('snapshot').expires = NOW;
    repository.publish();
    const { trusted } = finishRoots(ctx, firstRoot(ctx, repository), NOW);
    const stamped = acceptTimestamp(ctx, trusted, repository.bytesOf('timestamp'), NOW);
    expect(code(() => acceptSnapshot(ctx, stamped, repository.bytesOf('snapshot'), NOW))).toBe('trust.expired');
    const { expires } = repository.of('timestamp');
    expect(code(() => acceptTimestamp(ctx, trusted, repository.bytesOf('timestamp'), expires))).toBe('trust.expired');
  });

  test('the clock of the update is one: what expires between two steps is accepted in this update', () => {
    repository.of('timestamp').expires = NOW + 1;
    expect(code(() => refresh(ctx, repository.publish(), NOW))).toBe('accepted');
  });
});

describe('hashes', () => {
  test.each(['snapshot', 'targets'])('refuses %s whose bytes are not the ones named', (role) => {
    const honest = repository.fetch.bind(repository);
    repository.fetch = (name) => {
      const bytes = honest(name);
      return name.startsWith(`${role}.`) && bytes ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes;
    };
    expect(update()).toBe('trust.hash');
  });

  test('sha256 alone binds the bytes', () => {
    repository.edits.set('timestamp', (signed) => {
      const meta = signed['meta'] as { snapshot: { hashes: Record<string, string | undefined>; length: number } };
      Object.assign(meta.snapshot, { length: 1_000_000, hashes: { sha256: meta.snapshot.hashes['sha256'] } });
    });
    const { trusted } = finishRoots(ctx, firstRoot(ctx, repository.publish()), NOW);
    const stamped = acceptTimestamp(ctx, trusted, repository.bytesOf('timestamp'), NOW);
    const padded = Buffer.concat([repository.bytesOf('snapshot'), Buffer.from(' ')]);
    expect(code(() => acceptSnapshot(ctx, stamped, padded, NOW))).toBe('trust.hash');
  });

  test('every hash that is listed must match', () => {
    expect(
      edit('timestamp', (signed) => {
        const meta = signed['meta'] as { snapshot: { hashes: Record<string, string> } };
        meta.snapshot.hashes['sha512'] = Buffer.alloc(64).toString('base64');
      }),
    ).toBe('trust.hash');
  });

  test.each([
    ['is longer than the file', 1, 'accepted'],
    ['is shorter than the file', -1, 'trust.hash'],
  ])('a length that %s', (_, by, expected) => {
    const result = edit('timestamp', (signed) => {
      const meta = signed['meta'] as { snapshot: { length: number } };
      meta.snapshot.length += by;
    });
    expect(result).toBe(expected);
  });

  test('sha256 alone is enough, sha512 alone is not', () => {
    const drop = (name: string) => (signed: Plain) => {
      const meta = signed['meta'] as { snapshot: { hashes: Record<string, string | undefined> } };
      meta.snapshot.hashes[name] = undefined;
    };
    expect(edit('timestamp', drop('sha512'))).toBe('accepted');
    expect(edit('timestamp', drop('sha256'))).toBe('trust.malformed');
  });

  test('a snapshot made for another root is mix and match', () => {
    const result = edit('snapshot', (signed) => {
      const meta = signed['meta'] as Record<string, { hashes: object }>;
      meta['root'] = { ...meta['root'], hashes: { sha256: Buffer.alloc(32).toString('base64') } };
    });
    expect(result).toBe('trust.hash');
    expect(message(() => refresh(ctx, repository, NOW))).toContain('names another root than the newest of the chain');
  });

  test.each<[string, (entry: { hashes: Record<string, string>; length: number }) => unknown, string]>([
    ['a longer length', (entry) => entry.length++, 'accepted'],
    ['a shorter length', (entry) => entry.length--, 'trust.hash'],
    ['another sha512', ({ hashes }) => (hashes['sha512'] = Buffer.alloc(64).toString('base64')), 'trust.hash'],
  ])('a snapshot that names the root with its sha256 and %s is: %s', (_, change, expected) => {
    const result = edit('snapshot', (signed) => {
      const meta = signed['meta'] as Record<string, { hashes: Record<string, string>; length: number }>;
      change(meta['root']!);
    });
    expect(result).toBe(expected);
    if (expected === 'accepted') return;
    expect(() => refresh(ctx, repository, NOW)).toThrow(expect.objectContaining({ detail: { role: 'root' } }));
  });

  test('an old snapshot after a root rotation is mix and match', () => {
    const old = refresh(ctx, repository, NOW).trusted;
    repository.touch('root').publish();
    const later = finishRoots(ctx, walkRoots(ctx, repository, old), NOW).trusted;
    repository.unlisted.add('root');
    expect(code(() => refresh(ctx, repository.publish(), NOW, later))).toBe('trust.malformed');
    expect(later.snapshot).toBeDefined();
  });
});

describe('delegations', () => {
  beforeEach(() => {
    repository.delegate('targets/releases').sign('2', DIGEST, 8, 'targets/releases').publish();
  });

  test('are loaded, nested ones after their delegators', () => {
    repository.delegate('targets/a').delegate('targets/a/b').publish();
    const { view } = refresh(ctx, repository, NOW);
    expect([...view.targets.keys()]).toEqual(['targets', 'targets/releases', 'targets/a', 'targets/a/b']);
  });

  test.each([
    ['expired', 'trust.expired'],
    ['unsigned', 'trust.signature'],
    ['short', 'trust.threshold'],
  ])('one that is %s is unusable with %s, and the update goes on', (state, expected) => {
    const role = repository.of('targets/releases');
    if (state === 'expired') role.expires = NOW;
    if (state === 'unsigned') role.signers = [plainKey()];
    if (state === 'short') role.threshold = 2;
    repository.touch('targets/releases').touch('targets').publish();
    const { view, trusted } = refresh(ctx, repository, NOW);
    expect(code(() => lookup(view, '2', { releases: 'strict' }, NOW))).toBe(expected);
    expect(trusted.targets.has('targets/releases')).toBe(false);
    // The expired one was verified; of the others nothing is stored.
    expect(viewFiles(view).some((file) => file.role === 'targets/releases')).toBe(state === 'expired');
  });

  test.each([
    ['of another type', 'trust.malformed', (signed: Plain) => (signed['_type'] = 'Snapshot')],
    ['with garbled expiry', 'trust.malformed', (signed: Plain) => (signed['expires'] = 'never')],
  ])('one %s fails the update', (_, expected, change) => {
    expect(edit('targets/releases', change)).toBe(expected);
  });

  test('a rollback or a second file of one version fails the update', () => {
    repository.of('targets/releases').version = 9;
    const { trusted } = refresh(ctx, repository.touch('targets/releases').publish(), NOW);
    repository.of('targets/releases').version = 9;
    repository.of('targets/releases').expires -= 1_000;
    repository.touch('targets/releases').publish();
    expect(update(NOW, trusted)).toBe('trust.equal-version');
    repository.of('targets/releases').version = 2;
    expect(code(() => refresh(ctx, repository.touch('targets/releases').publish(), NOW, trusted))).toBe(
      'trust.rollback',
    );
  });

  test('one that the snapshot does not list is absent and not asked for', () => {
    repository.unlisted.add('targets/releases');
    const { view } = refresh(ctx, repository.publish(), NOW);
    expect(view.targets.has('targets/releases')).toBe(false);
    expect(code(() => lookup(view, '2', { releases: 'strict' }, NOW))).toBe('trust.signer-missing');
  });

  test('one that the snapshot lists and nobody delegates to is ignored', () => {
    repository.undelegate('targets/releases');
    expect(edit('snapshot', (signed) => {
      const meta = signed['meta'] as Record<string, unknown>;
      meta['targets/stray'] = meta['targets'];
    })).toBe('accepted'); // prettier-ignore
  });

  test('the same role twice fails the update', () => {
    expect(edit('targets', (signed) => {
      const delegations = signed['delegations'] as { roles: unknown[] };
      delegations.roles.push(delegations.roles[0]);
    })).toBe('trust.malformed'); // prettier-ignore
  });

  test.each([
    'targets',
    'root',
    'targets/a/b',
    'targets/A',
    'targets/..',
    'targets/a.b',
    'other/a',
    'targets//a',
    `targets/${'x'.repeat(250)}`,
  ])('a delegation named %s is refused', (name) => {
    expect(edit('targets', (signed) => {
        const delegations = signed['delegations'] as { roles: { name: string }[] };
        delegations.roles[0]!.name = name;
      })).toBe('trust.malformed'); // prettier-ignore
  });

  test('one that nobody may sign any more says what to do, and takes its floor with it', () => {
    const { trusted } = refresh(ctx, repository, NOW);
    repository.rotate('targets/releases').of('targets/releases').signers = [plainKey()];
    const after = refresh(ctx, repository.publish(), NOW, trusted);
    expect(after.view.unusable.get('targets/releases')).toMatchObject({
      code: 'trust.signature',
      message: expect.stringContaining('its signer may have been removed') as string,
    });
    expect(after.forgotten).toEqual(['targets/releases']);
    expect(after.trusted.targets.has('targets/releases')).toBe(false);
  });

  test.each(['unsigned', 'expired'])('one that is %s leaves its floor where it was', (state) => {
    const { trusted } = refresh(ctx, repository, NOW);
    const role = repository.of('targets/releases');
    if (state === 'unsigned') role.signers = [plainKey()];
    else role.expires = NOW;
    const after = refresh(ctx, repository.touch('targets/releases').publish(), NOW, trusted);
    expect(after.trusted.targets.get('targets/releases')).toBe(trusted.targets.get('targets/releases'));
    expect(after.forgotten).toEqual([]);
  });

  test('one that was listed may go: what holds in Notary is the floor of each file', () => {
    const { trusted } = refresh(ctx, repository, NOW);
    repository.undelegate('targets/releases').publish();
    expect(update(NOW, trusted)).toBe('accepted');
  });

  test('a file is to be stored as a floor when it passed all checks, and not when it has expired', () => {
    repository.delegate('targets/late').of('targets/late').expires = NOW;
    const { trusted } = refresh(ctx, repository.publish(), NOW);
    const accept = (role: string): ReturnType<typeof acceptTargets> =>
      acceptTargets(ctx, trusted, role, repository.bytesOf(role), NOW);
    for (const role of ['targets', 'targets/releases'])
      expect(accept(role)).toMatchObject({ floor: { role, bytes: repository.bytesOf(role) }, forgotten: [] });
    expect(Object.keys(accept('targets/late'))).toEqual(['trusted', 'forgotten']);
    expect(accept('targets/late').trusted.targets.has('targets/late')).toBe(false);
  });

  test('256 roles, 16 deep, are accepted; those that are unusable count', () => {
    const keys = [plainKey('ed25519')];
    const wide = new NotaryRepository(GUN, NOW);
    for (let i = 0; i < 255; i++) wide.delegate(`targets/r${i}`, { keys });
    expect(code(() => refresh(ctx, wide.publish(), NOW))).toBe('accepted');
    const deep = new NotaryRepository(GUN, NOW);
    for (let i = 1, name = 'targets'; i < 16; i++) deep.delegate((name += '/d'), { keys });
    expect(refresh(ctx, deep.publish(), NOW).view.targets.size).toBe(16);
    const { trusted } = refresh(ctx, repository, NOW);
    const bad = { code: 'trust.signature', message: '' } as const;
    const unusable = (count: number): Map<string, typeof bad> =>
      new Map(Array.from({ length: count }, (_, i) => [`targets/r${i}`, bad]));
    const load = (count: number): string =>
      code(() => rolesToLoad(ctx, { ...trusted, progress: { ...trusted.progress!, unusable: unusable(count) } }));
    expect([load(254), load(255)]).toEqual(['accepted', 'trust.too-large']);
  });

  test('too many roles are refused before any is fetched, and too deep ones', () => {
    const wide = new NotaryRepository(GUN, NOW);
    const keys = [plainKey()];
    for (let i = 0; i < 256; i++) wide.delegate(`targets/r${i}`, { keys });
    const fetched: string[] = [];
    const honest = wide.publish().fetch.bind(wide);
    wide.fetch = (name) => (fetched.push(name), honest(name));
    expect(code(() => refresh(ctx, wide, NOW))).toBe('trust.too-large');
    expect(fetched.filter((name) => name.startsWith('targets/'))).toEqual([]);
    const deep = new NotaryRepository(GUN, NOW);
    for (let i = 1, name = 'targets'; i < 17; i++) deep.delegate((name += '/d'), { keys });
    expect(code(() => refresh(ctx, deep.publish(), NOW))).toBe('trust.too-large');
  });

  test('signed tags are listed with their roles, those outside the paths are not', () => {
    repository
      .delegate('targets/rel', { paths: ['rel-'] })
      .sign('rel-1', DIGEST, 1, 'targets/rel')
      .sign('x', DIGEST, 1, 'targets/rel');
    const { view } = refresh(ctx, repository.publish(), NOW);
    expect([...viewSignedTags(view)].map(({ role, tag }) => `${role} ${tag}`)).toEqual([
      'targets 1',
      'targets/releases 2',
      'targets/rel rel-1',
    ]);
  });
});

describe('fast-forward recovery', () => {
  const far = 2 ** 52;

  test.each(['timestamp', 'snapshot'])('a stolen %s key cannot lock the collection for ever', (role) => {
    repository.of(role).version = far;
    const { trusted } = refresh(ctx, repository.publish(), NOW);
    repository.of(role).version = 1;
    expect(code(() => refresh(ctx, repository.publish(), NOW, trusted))).toBe('trust.rollback');
    repository.rotate(role).publish();
    const recovered = refresh(ctx, repository, NOW, trusted);
    expect(recovered.forgotten).toEqual(['timestamp', 'snapshot']);
  });

  test('the floor of targets goes when its own key was rotated, and only then', () => {
    repository.of('targets').version = far;
    const { trusted } = refresh(ctx, repository.touch('targets').publish(), NOW);
    repository.of('targets').version = 1;
    repository.rotate('timestamp').rotate('snapshot').touch('targets').publish();
    expect(update(NOW, trusted)).toBe('trust.rollback');
    repository.of('targets').version = 1;
    repository.rotate('targets').publish();
    expect(refresh(ctx, repository, NOW, trusted).forgotten).toEqual(['timestamp', 'snapshot', 'targets']);
  });

  test('the floor of a delegation goes when its delegator gave it other keys', () => {
    repository.delegate('targets/qa').of('targets/qa').version = far;
    const { trusted } = refresh(ctx, repository.publish(), NOW);
    repository.of('targets/qa').version = 1;
    repository.rotate('targets/qa').publish();
    const recovered = refresh(ctx, repository, NOW, trusted);
    expect(recovered.forgotten).toEqual(['targets/qa']);
    expect(recovered.trusted.targets.get('targets/qa')?.model.version).toBe(2);
  });

  test('an added key alone keeps the floor', () => {
    repository.of('timestamp').version = far;
    const { trusted } = refresh(ctx, repository.publish(), NOW);
    repository.of('timestamp').version = 1;
    repository.rotate('timestamp', [...repository.of('timestamp').keys, plainKey()]).publish();
    expect(update(NOW, trusted)).toBe('trust.rollback');
  });
});

describe('order', () => {
  test('the steps of an update cannot be skipped', () => {
    const start = firstRoot(ctx, repository);
    expect(code(() => acceptTimestamp(ctx, start, repository.bytesOf('timestamp'), NOW))).toBe('internal');
    expect(message(() => acceptTimestamp(ctx, start, repository.bytesOf('timestamp'), NOW))).toContain(
      'the update is out of order',
    );
    const { trusted } = finishRoots(ctx, start, NOW);
    expect(message(() => snapshotWanted(trusted))).toContain('the update is out of order');
    expect(message(() => acceptSnapshot(ctx, trusted, repository.bytesOf('snapshot'), NOW))).toContain(
      'the update is out of order',
    );
    expect(message(() => rolesToLoad(ctx, trusted))).toContain('the update is out of order');
    expect(message(() => acceptTargets(ctx, trusted, 'targets', repository.bytesOf('targets'), NOW))).toContain(
      'the update is out of order',
    );
    expect(message(() => acceptTargets(ctx, start, 'targets', repository.bytesOf('targets'), NOW))).toContain(
      'the update is out of order',
    );
    expect(message(() => completeView(ctx, trusted, NOW))).toContain('the update is out of order');
  });

  test('a delegation does not come before its delegator, nor without being listed and delegated to', () => {
    repository.delegate('targets/a').delegate('targets/a/b').publish();
    const { trusted } = refresh(ctx, repository, NOW);
    const accept = (role: string, state = trusted): string =>
      message(() => acceptTargets(ctx, state, role, repository.bytesOf('targets/a/b'), NOW));
    expect(accept('targets/a/b')).toBe('');
    expect(accept('targets/a/c')).toContain('the update is out of order');
    expect(accept('targets/x/b')).toContain('the update is out of order');
    const { snapshot } = trusted.progress!;
    const listing = (meta: Snapshot['meta']): Trusted => ({
      ...trusted,
      progress: { ...trusted.progress!, snapshot: { ...snapshot!, model: { ...snapshot!.model, meta } } },
    });
    const [listed, unlisted] = [new Map(snapshot!.model.meta), new Map(snapshot!.model.meta)];
    listed.set('targets/a/c', listed.get('targets/a/b')!);
    unlisted.delete('targets/a/b');
    expect(accept('targets/a/c', listing(listed))).toContain('the update is out of order');
    expect(accept('targets/a/b', listing(unlisted))).toContain('the update is out of order');
  });
});
