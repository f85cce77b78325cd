import { beforeEach, describe, expect, test } from 'vitest';
import { type Code, TufgateError } from '../../errors.ts';
import { plainKey } from '../../simulator/notary-key.ts';
import { contextOf, refresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import type { View } from './collection.ts';
import type { TargetEntry } from './model.ts';
import { cannotBeRead, delegates, isEnded, named, type Statement, statementOf } from './statement.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
let repository: NotaryRepository;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW).delegate('targets/qa', { paths: ['rel-'] }).delegate('targets/qa/b');
});

const view = (): View => refresh(contextOf(GUN), repository.publish(), NOW).view;
const stated = (role: string, tag: string, now = NOW): Statement => statementOf(view(), role, tag, now);

describe('what a role says of a tag', () => {
  test('is the digest that it names, and who says so', () => {
    repository.sign('rel-1', A, 7, 'targets/qa');
    const [key] = repository.of('targets/qa').keys;
    const statement = stated('targets/qa', 'rel-1');
    expect(statement).toMatchObject({ kind: 'names', role: 'targets/qa', digest: A, length: 7 });
    expect(statement).toMatchObject({ path: ['targets', 'targets/qa'], signers: [key?.keyId] });
  });

  test('is nothing where it names another', () => {
    expect(stated('targets', 'rel-1')).toEqual({ kind: 'silent', role: 'targets' });
  });

  test('is refused outside its paths', () => {
    repository.sign('x', A, 1, 'targets/qa');
    expect(stated('targets/qa', 'x')).toMatchObject({
      kind: 'refused',
      role: 'targets/qa',
      error: {
        code: 'trust.role-path',
        detail: { role: 'targets/qa' },
        message: `targets/qa of ${GUN} signed the tag x, which is outside the paths delegated to it`,
      },
    });
  });

  test.each([
    ['hash', { length: 1, hashes: {} }],
    ['length', { length: -1, hashes: { sha256: Buffer.alloc(32).toString('base64') } }],
  ])('is refused without a usable %s', (_, entry) => {
    repository.put('1', entry);
    expect(stated('targets', '1')).toMatchObject({
      kind: 'refused',
      error: {
        code: 'trust.malformed',
        detail: { role: 'targets' },
        message: `targets of ${GUN} signed the tag 1 without a usable sha256 and length`,
      },
    });
  });
});

describe('an entry', () => {
  const approved: TargetEntry = { length: 7, sha256: 'aa'.repeat(32) };
  const by = (entry: TargetEntry): Statement => {
    const accepted = view().targets.get('targets');
    if (accepted === undefined) throw new Error('there are no targets');
    return named('the role', { role: 'targets', accepted, path: ['targets'] }, 'app:1', entry, NOW);
  };
  const refusal = (code: Code, message: string, detail = {}): unknown => ({
    kind: 'refused',
    role: 'targets',
    error: { code, message, detail: { role: 'targets', ...detail } },
  });
  const names = (): unknown => {
    const keys = view().targets.get('targets');
    const signed = { signers: keys?.signers, signerKeys: keys?.signerKeys };
    return { kind: 'names', role: 'targets', digest: A, length: 7, path: ['targets'], ...signed };
  };

  test('without an end is an approval without one', () => expect(by(approved)).toStrictEqual(names()));

  test('that ends later is an approval until then', () => {
    expect(by({ ...approved, until: NOW + 1 })).toStrictEqual({ ...(names() as object), until: NOW + 1 });
  });

  test.each([
    ['2026-11-21T00:00:00Z', NOW],
    ['2026-11-20T00:00:00Z', NOW - DAY],
  ])('that ended %s is refused, and known as one that ended', (when, until) => {
    const statement = by({ ...approved, until });
    const why = `the approval of app:1 ended ${when}: ask those who approve images to approve it anew`;
    expect(statement).toMatchObject(refusal('trust.expired', why, { ended: true }) as object);
    expect('error' in statement && isEnded(statement.error)).toBe(true);
  });

  test('that was withdrawn is refused, and says so before anything else', () => {
    const why =
      'app:1 was withdrawn 2026-11-21T00:00:00Z: CVE-1; pull another version, or ask those who approve images';
    const revoked = { at: NOW, reason: 'CVE-1' };
    expect(by({ ...approved, until: NOW, revoked })).toMatchObject(refusal('trust.withdrawn', why) as object);
  });

  test.each([
    ['approval', 'the end of its approval'],
    ['withdrawal', 'its withdrawal'],
  ] as const)('with words on its %s that cannot be read is refused, although it has a hash', (unreadable, which) => {
    const why = `the role signed app:1 with words on ${which} that cannot be read; those who approve images must sign it anew`;
    expect(cannotBeRead('the role', 'app:1', unreadable)).toBe(why);
    expect(by({ ...approved, unreadable })).toMatchObject(refusal('trust.malformed', why) as object);
  });
});

test.each<[string, unknown]>([
  ['a file that has expired', new TufgateError('trust.expired', 'x', { detail: { role: 'targets' } })],
  ['one of another code', new TufgateError('trust.malformed', 'x', { detail: { ended: true } })],
  ['an error of somebody else', Object.assign(new Error('x'), { code: 'trust.expired', detail: { ended: true } })],
  ['no error', undefined],
])('%s is no approval that has ended', (_, error) => expect(isEnded(error)).toBe(false));

describe('a role that cannot be believed', () => {
  test.each<[string, string, () => void]>([
    ['trust.signature', 'targets/qa', () => (repository.of('targets/qa').signers = [plainKey()])],
    ['trust.threshold', 'targets/qa', () => (repository.of('targets/qa').threshold = 2)],
    ['trust.expired', 'targets/qa', () => (repository.of('targets/qa').expires = NOW)],
    ['trust.expired', 'targets/qa/b', () => (repository.of('targets/qa/b').expires = NOW)],
    ['trust.signer-missing', 'targets/qa', () => repository.unlisted.add('targets/qa')],
    ['trust.signer-missing', 'targets/qa/b', () => repository.unlisted.add('targets/qa/b')],
  ])('for %s of %s is unusable, and whose fault it is is said', (code, role, damage) => {
    damage();
    repository.touch('targets').touch('targets/qa').touch('targets/qa/b').sign('rel-1', A, 1, 'targets/qa/b');
    const statement = stated('targets/qa/b', 'rel-1');
    expect(statement).toMatchObject({ kind: 'unusable', role: 'targets/qa/b', error: { code, detail: { role } } });
  });

  test('has published nothing, or is nobody', () => {
    repository.publish().unlisted.add('targets/qa');
    const whyNot = (role: string): unknown => stated(role, 'rel-1');
    expect(whyNot('targets/qa')).toMatchObject({
      error: { message: expect.stringMatching(/published nothing/) as string },
    });
    expect(whyNot('targets/nobody')).toMatchObject({
      error: { message: expect.stringMatching(/not delegated/) as string },
    });
    expect(whyNot('targets/nobody')).toMatchObject({ error: { detail: { role: 'targets/nobody' } } });
  });

  test('expires at the very instant', () => {
    repository.of('targets/qa').expires = NOW + DAY;
    repository.sign('rel-1', A, 1, 'targets/qa');
    expect(stated('targets/qa', 'rel-1', NOW + DAY - 1).kind).toBe('names');
    expect(stated('targets/qa', 'rel-1', NOW + DAY).kind).toBe('unusable');
  });
});

test('a role is delegated to by its own delegator, by name', () => {
  const made = view();
  expect(['targets/qa', 'targets/qa/b', 'targets/b', 'targets'].filter((role) => delegates(made, role))).toEqual([
    'targets/qa',
    'targets/qa/b',
  ]);
  expect(delegates({ ...made, targets: new Map() }, 'targets/qa')).toBe(false);
});
