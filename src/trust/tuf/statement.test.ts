import { beforeEach, describe, expect, test } from 'vitest';
import { plainKey } from '../../simulator/notary-key.ts';
import { contextOf, refresh } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import type { View } from './collection.ts';
import { delegates, type Statement, statementOf } from './statement.ts';

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
