import { beforeEach, describe, expect, test } from 'vitest';
import { plainKey } from '../../simulator/notary-key.ts';
import { contextOf, refresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { expiriesOf, type Found, lookup, rootOf, versionsOf, type View, type Want } from './collection.ts';
import { distinctSigners } from './signer-match.ts';
import { code, message } from '../../../test/thrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;
const strict: Want = { releases: 'strict' };
const docker: Want = { releases: 'docker' };
let repository: NotaryRepository;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW);
});

const view = (): View => refresh(contextOf(GUN), repository.publish(), NOW).view;
const find = (tag: string, want: Want = strict, now = NOW): Found => lookup(view(), tag, want, now);
const signers = (atLeast: number, ...of: string[]): Want => ({ releases: 'strict', signers: { atLeast, of } });

describe('the releases rule', () => {
  test('without targets/releases, targets is believed', () => {
    repository.sign('1', A, 1);
    expect(find('1')).toEqual({
      behind: ['targets'],
      digest: A,
      length: 1,
      roles: ['targets'],
      signers: [repository.of('targets').keys[0]?.keyId],
    });
  });

  test('where targets/releases is delegated, strict believes only it', () => {
    repository.delegate('targets/releases').sign('1', A, 1, 'targets/releases').sign('1', B, 1).sign('2', B, 1);
    expect(find('1')).toMatchObject({ digest: A, roles: ['targets/releases'] });
    expect(code(() => find('2'))).toBe('trust.unsigned');
    expect(message(() => find('2'))).toContain('targets signed it');
    expect(find('2', docker)).toMatchObject({ digest: B, roles: ['targets'] });
    expect(find('1', docker)).toMatchObject({ digest: A });
  });

  test('strict never falls back when releases is hidden, expired or under threshold; docker does', () => {
    repository.delegate('targets/releases').sign('1', A, 1, 'targets/releases').sign('1', B, 1).publish();
    repository.unlisted.add('targets/releases');
    expect(code(() => find('1'))).toBe('trust.signer-missing');
    expect(find('1', docker).digest).toBe(B);
    repository.unlisted.clear();
    repository.of('targets/releases').signers = [plainKey()];
    repository.touch('targets/releases');
    expect(code(() => find('1'))).toBe('trust.signature');
    expect(find('1', docker).digest).toBe(B);
    repository.of('targets/releases').signers = undefined;
    repository.of('targets/releases').expires = NOW + DAY;
    repository.touch('targets/releases');
    expect(code(() => find('1', strict, NOW + DAY))).toBe('trust.expired');
    expect(find('1', docker, NOW + DAY).digest).toBe(B);
  });

  test('another delegation alone changes nothing', () => {
    repository.delegate('targets/qa').sign('1', A, 1);
    expect(find('1').roles).toEqual(['targets']);
    expect(message(() => find('2'))).toBe(`nobody trusted signed the tag 2 of ${GUN}`);
  });

  test('docker goes on to targets where nobody below releases names the tag', () => {
    repository.delegate('targets/releases').delegate('targets/releases/a').sign('2', A, 1, 'targets/releases/a');
    repository.sign('1', B, 1);
    expect(find('1', docker)).toMatchObject({ digest: B, roles: ['targets'] });
  });

  test('a sibling or a nested delegation is not releases', () => {
    repository.delegate('targets/releases').delegate('targets/releases/a').delegate('targets/b');
    repository.sign('1', A, 1, 'targets/releases/a').sign('2', A, 1, 'targets/b').sign('1', B, 1);
    expect(code(() => find('1'))).toBe('trust.unsigned');
    expect(code(() => find('1', docker))).toBe('trust.unsigned');
    expect(code(() => find('2', docker))).toBe('trust.unsigned');
  });

  test('a tag that nobody signed is unsigned, also one named like an object member', () => {
    for (const tag of ['1', '__proto__', 'constructor', 'toString'])
      expect(code(() => find(tag))).toBe('trust.unsigned');
    repository.put('__proto__', { length: 1, hashes: { sha256: Buffer.alloc(32).toString('base64') } });
    expect(find('__proto__').length).toBe(1);
  });
});

describe('paths', () => {
  test.each<[string, string[], string, string]>([
    ['a prefix of it', ['rel-'], 'rel-1', 'accepted'],
    ['everything', [''], 'anything', 'accepted'],
    ['nothing', [], 'rel-1', 'trust.role-path'],
    ['another prefix', ['Rel-'], 'rel-1', 'trust.role-path'],
    ['a glob that is none', ['*'], 'rel-1', 'trust.role-path'],
  ])('a role that may sign %s', (_, paths, tag, expected) => {
    repository.delegate('targets/releases', { paths }).sign(tag, A, 1, 'targets/releases').sign(tag, B, 1);
    expect(code(() => find(tag))).toBe(expected);
    expect(code(() => find(tag, docker))).toBe(expected);
    expect(code(() => find(tag, signers(1, 'targets/releases')))).toBe(expected);
  });

  test('a child never widens its delegator, and a shorter path is dropped', () => {
    repository.delegate('targets/a', { paths: ['rel-'] });
    repository.delegate('targets/a/wide', { paths: [''] }).delegate('targets/a/narrow', { paths: ['rel-1', 'x'] });
    for (const role of ['targets/a/wide', 'targets/a/narrow'])
      repository.sign('rel-1', A, 1, role).sign('x', A, 1, role);
    expect(code(() => find('rel-1', signers(1, 'targets/a/wide')))).toBe('trust.role-path');
    expect(code(() => find('rel-1', signers(1, 'targets/a/narrow')))).toBe('accepted');
    expect(code(() => find('x', signers(1, 'targets/a/narrow')))).toBe('trust.role-path');
  });
});

describe('entries', () => {
  const sha256 = Buffer.alloc(32, 1).toString('base64');
  test.each<[string, number, Record<string, string>, string]>([
    ['32 bytes', 0, { sha256 }, 'accepted'],
    ['no hash', 1, {}, 'trust.malformed'],
    ['only sha512', 1, { sha512: Buffer.alloc(64).toString('base64') }, 'trust.malformed'],
    ['hex instead of base64', 1, { sha256: 'ab'.repeat(32) }, 'trust.malformed'],
    ['3 bytes', 1, { sha256: 'AAAA' }, 'trust.malformed'],
    ['base64url', 1, { sha256: Buffer.alloc(32, 0xff).toString('base64url') }, 'trust.malformed'],
    ['a negative length', -1, { sha256 }, 'trust.malformed'],
  ])('a target with %s', (_, length, hashes, expected) => {
    repository.put('1', { length, hashes }).sign('2', A, 1);
    expect(code(() => find('1'))).toBe(expected);
    expect(code(() => find('2'))).toBe('accepted');
  });
});

describe('required signers', () => {
  beforeEach(() => {
    for (const role of ['targets/qa', 'targets/security', 'targets/legal']) repository.delegate(role);
    repository.sign('1', A, 1, 'targets/qa').sign('1', A, 1, 'targets/security');
  });

  test('all of them, or as many as asked', () => {
    const found = find('1', signers(2, 'targets/qa', 'targets/security'));
    expect(found.roles).toEqual(['targets/qa', 'targets/security']);
    expect(found.signers).toHaveLength(2);
    expect(find('1', signers(2, 'targets/qa', 'targets/security', 'targets/legal')).digest).toBe(A);
    expect(code(() => find('1', signers(3, 'targets/qa', 'targets/security', 'targets/legal')))).toBe(
      'trust.signer-missing',
    );
    expect(message(() => find('1', signers(1, 'targets/legal')))).toContain('targets/legal');
  });

  test('who are missing are named, each with the reason', () => {
    const asked = signers(4, 'targets/qa', 'targets/legal', 'targets/nobody');
    expect(() => find('1', asked)).toThrow(
      expect.objectContaining({
        code: 'trust.signer-missing',
        detail: { missing: 'targets/legal targets/nobody' },
        message: expect.stringContaining(
          `${GUN}:1 must be signed by 4 of targets/qa, targets/legal, targets/nobody, each by a key of its own; ` +
            `not signed by targets/legal, targets/nobody of ${GUN} is not delegated to; ask`,
        ) as string,
      }),
    );
  });

  test('one who cannot be believed is the reason before those who are merely missing', () => {
    repository.of('targets/legal').expires = NOW;
    repository.touch('targets/legal');
    expect(code(() => find('1', signers(2, 'targets/nobody', 'targets/legal', 'targets/qa')))).toBe('trust.expired');
  });

  test('replace the releases rule', () => {
    repository.delegate('targets/releases').sign('1', B, 1, 'targets/releases');
    expect(find('1', signers(1, 'targets/qa')).digest).toBe(A);
  });

  test('a role named twice counts once', () => {
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/qa')))).toBe('trust.signer-missing');
  });

  test('signers that disagree are a conflict, also when enough agree', () => {
    repository.sign('1', B, 1, 'targets/legal');
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/security', 'targets/legal')))).toBe('trust.conflict');
    repository.sign('1', A, 2, 'targets/legal');
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/legal')))).toBe('trust.conflict');
  });

  test('one key in two roles is one signer', () => {
    const shared = [plainKey()];
    repository.rotate('targets/qa', shared).rotate('targets/security', shared);
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/security')))).toBe('trust.signer-missing');
    expect(message(() => find('1', signers(2, 'targets/qa', 'targets/security')))).toContain('share');
    expect(code(() => find('1', signers(1, 'targets/qa', 'targets/security')))).toBe('accepted');
  });

  test('a role that shares one of its keys still counts by the other', () => {
    const [a, b] = [plainKey(), plainKey()];
    repository.rotate('targets/qa', [a, b]).rotate('targets/security', [a]);
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/security')))).toBe('accepted');
  });

  test('what the server hides or lets expire is missing, not forgiven', () => {
    repository.publish().unlisted.add('targets/qa');
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/security')))).toBe('trust.signer-missing');
    repository.unlisted.clear();
    repository.of('targets/qa').expires = NOW + DAY;
    repository.touch('targets/qa');
    expect(code(() => find('1', signers(2, 'targets/qa', 'targets/security'), NOW + DAY))).toBe('trust.expired');
    expect(code(() => find('1', signers(1, 'targets/qa', 'targets/security'), NOW + DAY))).toBe('accepted');
  });

  test('a role that nobody delegated to, and an empty requirement, are never met', () => {
    expect(code(() => find('1', signers(1, 'targets/nobody')))).toBe('trust.signer-missing');
    expect(code(() => find('1', signers(0)))).toBe('trust.signer-missing');
    expect(code(() => find('1', signers(0, 'targets/qa')))).toBe('trust.signer-missing');
  });

  test('targets itself can be required', () => {
    expect(find('2', (repository.sign('2', B, 1), signers(1, 'targets'))).roles).toEqual(['targets']);
  });
});

describe('matching roles to keys', () => {
  test.each<[string, [string, string[]][], number]>([
    [
      'one shared key',
      [
        ['a', ['1']],
        ['b', ['1']],
      ],
      1,
    ],
    [
      'an exchange along the way',
      [
        ['a', ['1', '2']],
        ['b', ['1']],
      ],
      2,
    ],
    [
      'two holding one, a third with two',
      [
        ['a', ['1']],
        ['b', ['1']],
        ['c', ['2', '3']],
      ],
      2,
    ],
    [
      'a chain of exchanges',
      [
        ['a', ['1', '2']],
        ['b', ['1', '3']],
        ['c', ['1']],
      ],
      3,
    ],
    [
      'a role without keys',
      [
        ['a', []],
        ['b', ['1']],
      ],
      1,
    ],
  ])('%s', (_, roles, count) => {
    expect(distinctSigners(new Map(roles))).toBe(count);
  });
});

describe('expiry when answering', () => {
  test.each(['root', 'timestamp', 'snapshot', 'targets'])('%s', (role) => {
    repository.of(role).expires = NOW + DAY;
    repository.sign('1', A, 1);
    const made = view();
    expect(code(() => lookup(made, '1', strict, NOW + DAY - 1))).toBe('accepted');
    expect(code(() => lookup(made, '1', strict, NOW + DAY))).toBe('trust.expired');
    expect(expiriesOf(made, ['targets']).get(role)).toBe(NOW + DAY);
  });

  test('of a delegator above the role', () => {
    repository.delegate('targets/a').delegate('targets/a/b').sign('1', A, 1, 'targets/a/b').of('targets/a').expires =
      NOW + DAY;
    const made = view();
    expect(code(() => lookup(made, '1', signers(1, 'targets/a/b'), NOW))).toBe('accepted');
    expect(code(() => lookup(made, '1', signers(1, 'targets/a/b'), NOW + DAY))).toBe('trust.expired');
  });
});

test('says what the answer rested on', () => {
  repository.delegate('targets/releases').delegate('targets/other').sign('1', A, 1, 'targets/releases');
  const made = view();
  expect([...versionsOf(made, ['targets', 'targets/releases'])]).toEqual([
    ['root', 1],
    ['timestamp', 1],
    ['snapshot', 1],
    ['targets', 1],
    ['targets/releases', 1],
  ]);
  expect(rootOf(made)).toEqual({ version: 1, keys: [repository.of('root').keys[0]?.keyId], anchor: 'first-use' });
});
