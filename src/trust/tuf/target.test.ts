import { describe, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { findTarget, type Found, type Signers } from './collection.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const B = { digest: `sha256:${'bb'.repeat(32)}`, length: 1 };
const APP = { paths: ['app:*'] };
const ONE = tufKey('ed25519', 'one');
const TWO = tufKey('ed25519', 'two');

/** The view is made now, and asked at `now`. */
function find(repository: TufRepository, name: string, signers?: Signers, now = NOW): Found | TufgateError {
  const ctx = contextOf(repository);
  const { view } = refresh(ctx, repository, NOW);
  return ask(ctx, repository, ask(ctx, repository, view, name, NOW, signers).view, name, now, signers).found;
}

function verdict(...question: Parameters<typeof find>): string {
  const found = find(...question);
  return found instanceof TufgateError ? found.code : found.digest;
}

const signers = (atLeast: number, ...of: string[]): Signers => ({ atLeast, of });

test('an answer says what is signed, by whom, and what it rests on', () => {
  const repository = new TufRepository(NOW)
    .delegate('a', { ...APP, keys: [ONE] })
    .put('app:1', A, 'a')
    .publish();
  expect(find(repository, 'app:1')).toEqual({ ...A, roles: ['a'], behind: ['targets', 'a'], signers: [ONE.keyId] });
});

test('a name that nobody signed is unsigned, whoever was asked', () => {
  const repository = new TufRepository(NOW).put('app:1', A).delegate('a', APP).publish();
  for (const name of ['app:2', 'other', '__proto__']) expect(verdict(repository, name)).toBe('trust.unsigned');
});

test('an entry without a sha256 is refused, and whose it is is said', () => {
  const repository = new TufRepository(NOW)
    .put('app:1', { length: 1, hashes: { sha512: 'ab'.repeat(64) } })
    .put('app:2', A)
    .publish();
  expect(find(repository, 'app:1')).toMatchObject({
    code: 'trust.malformed',
    detail: { role: 'targets' },
    message: expect.stringContaining('targets of vendor') as string,
  });
  expect(verdict(repository, 'app:2')).toBe(A.digest);
});

describe.each(['without named signers', 'with named signers'])('expiry is judged when answering, %s', (how) => {
  test.each(['root', 'timestamp', 'snapshot', 'targets'])('that of %s', (role) => {
    const repository = new TufRepository(NOW).put('app:1', A);
    repository.of(role).expires = NOW + DAY / 2;
    const named = how === 'with named signers' ? signers(1, 'targets') : undefined;
    repository.publish();
    expect(verdict(repository, 'app:1', named, NOW + DAY / 2 - 1)).toBe(A.digest);
    expect(find(repository, 'app:1', named, NOW + DAY / 2)).toMatchObject({ code: 'trust.expired', detail: { role } });
  });
});

describe('named signers', () => {
  const both = (): TufRepository =>
    new TufRepository(NOW).delegate('qa', { ...APP, keys: [ONE] }).delegate('security', { ...APP, keys: [TWO] });

  test('must all have signed, or as many as the rule says', () => {
    const repository = both().delegate('legal', APP).put('app:1', A, 'qa').put('app:1', A, 'security').publish();
    expect(find(repository, 'app:1', signers(2, 'qa', 'security'))).toEqual({
      ...A,
      roles: ['qa', 'security'],
      behind: ['targets', 'qa', 'security'],
      signers: [ONE.keyId, TWO.keyId],
    });
    expect(verdict(repository, 'app:1', signers(2, 'qa', 'security', 'legal'))).toBe(A.digest);
    expect(verdict(repository, 'app:1', signers(3, 'qa', 'security', 'legal'))).toBe('trust.signer-missing');
  });

  test('one who has not signed is named', () => {
    const repository = both().put('app:1', A, 'qa').publish();
    expect(find(repository, 'app:1', signers(2, 'qa', 'security'))).toMatchObject({
      code: 'trust.signer-missing',
      detail: { missing: 'security' },
      message: expect.stringContaining('not signed by security') as string,
    });
  });

  test('a role that nobody delegates to never signs', () => {
    const repository = both().put('app:1', A, 'qa').publish();
    expect(find(repository, 'app:1', signers(1, 'nobody'))).toMatchObject({ detail: { missing: 'nobody' } });
    expect(verdict(repository, 'app:1', signers(1, 'nobody', 'qa'))).toBe(A.digest);
  });

  test('a role named twice counts once', () => {
    const repository = both().put('app:1', A, 'qa').publish();
    expect(verdict(repository, 'app:1', signers(2, 'qa', 'qa'))).toBe('trust.signer-missing');
  });

  test('who disagree are a conflict, though enough agree', () => {
    const repository = both().put('app:1', A).put('app:1', A, 'qa').put('app:1', B, 'security').publish();
    expect(verdict(repository, 'app:1', signers(1, 'qa', 'security'))).toBe('trust.conflict');
  });

  test('by one key are one signer', () => {
    const repository = new TufRepository(NOW).delegate('qa', { ...APP, keys: [ONE] });
    repository
      .delegate('security', { ...APP, keys: [ONE] })
      .put('app:1', A, 'qa')
      .put('app:1', A, 'security');
    expect(verdict(repository.publish(), 'app:1', signers(2, 'qa', 'security'))).toBe('trust.signer-missing');
    expect(verdict(repository, 'app:1', signers(1, 'qa', 'security'))).toBe(A.digest);
  });

  test('who sign without a usable hash sign nothing, and that is the reason', () => {
    const repository = both().put('app:1', { length: 1, hashes: { sha512: 'ab'.repeat(64) } }, 'qa');
    expect(verdict(repository.put('app:1', A, 'security').publish(), 'app:1', signers(2, 'qa', 'security'))).toBe(
      'trust.malformed',
    );
    expect(verdict(repository, 'app:1', signers(1, 'qa', 'security'))).toBe(A.digest);
  });

  test('who cannot be loaded are one less, and the reason where they were needed', () => {
    const repository = both().put('app:1', A, 'security');
    repository.of('qa').signers = [TWO];
    expect(verdict(repository.publish(), 'app:1', signers(1, 'qa', 'security'))).toBe(A.digest);
    expect(verdict(repository, 'app:1', signers(2, 'qa', 'security'))).toBe('trust.signature');
  });

  test('who cannot be reached, because a file on the way is refused, are one less', () => {
    const repository = both()
      .delegate('org', APP)
      .delegate('legal', { ...APP, by: 'org' });
    repository.put('app:1', A, 'qa').put('app:1', A, 'legal').of('org').signers = [TWO];
    expect(verdict(repository.publish(), 'app:1', signers(1, 'org > legal', 'qa'))).toBe(A.digest);
    expect(verdict(repository, 'app:1', signers(2, 'org > legal', 'qa'))).toBe('trust.signature');
  });

  test('who have expired, or are hidden, are one less too', () => {
    const repository = both().put('app:1', A, 'qa').put('app:1', A, 'security');
    repository.of('qa').expires = NOW + DAY / 2;
    repository.publish();
    expect(verdict(repository, 'app:1', signers(1, 'qa', 'security'), NOW + DAY / 2)).toBe(A.digest);
    expect(verdict(repository, 'app:1', signers(2, 'qa', 'security'), NOW + DAY / 2)).toBe('trust.expired');
    repository.unlisted.add('qa');
    repository.touch('security').publish();
    expect(verdict(repository, 'app:1', signers(1, 'qa', 'security'))).toBe(A.digest);
    expect(find(repository, 'app:1', signers(2, 'qa', 'security'))).toMatchObject({
      code: 'trust.signer-missing',
      detail: { missing: 'qa' },
      message: expect.stringContaining('does not list "qa"') as string,
    });
  });

  test.each([new TypeError('a fault of ours'), new TufgateError('internal', 'a fault of ours')])(
    'never go uncounted for a fault of our own: %s',
    (fault) => {
      const repository = both().put('app:1', A, 'qa').publish();
      const ctx = contextOf(repository);
      const { view } = ask(ctx, repository, refresh(ctx, repository, NOW).view, 'app:1', NOW);
      const other = { ...view.targets.get('qa')!, signers: [], signerKeys: [] };
      const targets = new Map(view.targets).set('qa', other);
      const broken = (): never => {
        throw fault;
      };
      const format = { ...ctx.format, targets: broken };
      const asked = { signers: signers(1, 'qa', 'security') };
      expect(() => findTarget({ ...ctx, format }, { ...view, targets }, 'app:1', NOW, asked)).toThrow(fault);
    },
  );
});
