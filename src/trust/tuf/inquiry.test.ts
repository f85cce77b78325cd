import { describe, expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import { TufgateError } from '../../errors.ts';
import { type Answer, ask, contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { Inquiry } from './inquiry.ts';
import type { Delegation, Paths, Targets } from './model.ts';

const NOW = Date.UTC(2026, 10, 21);
const ONE = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const EVIL = `evil:${'a'.repeat(128)}`;

/** Each costs 4,194 steps. */
const near = (count: number): string[] => Array.from({ length: count }, (_, i) => `evil:*${'a'.repeat(58)}b${i}`);

/** So many levels below `evil`, each of a delegator who compares the name with so many patterns first. */
function chain(levels: number, patterns: number): TufRepository {
  const repository = new TufRepository(NOW).delegate('evil', { paths: ['evil:*'] });
  for (let i = 0; i < levels; i++)
    repository.delegate(`e${i}`, { by: i === 0 ? 'evil' : `e${i - 1}`, paths: [...near(patterns), 'evil:*'] });
  return repository
    .put(EVIL, ONE, `e${levels - 1}`)
    .put('app:1', ONE)
    .publish();
}

function askFor(repository: TufRepository, name: string, of?: readonly string[]): Answer {
  const ctx = contextOf(repository);
  const { view } = refresh(ctx, repository, NOW);
  return ask(ctx, repository, view, name, NOW, of && { atLeast: 1, of });
}

const verdict = ({ found }: Answer): string => (found instanceof TufgateError ? found.code : found.behind.join(' > '));

function targetsOf(paths: readonly Paths[], terminating = false): Targets {
  const delegations = paths.map((each, i): Delegation => {
    return { role: `r${i}`, keys: [], threshold: 1, paths: each, terminating };
  });
  return { type: 'targets', version: 1, expires: NOW, targets: new Map(), delegations };
}

describe('patterns that nearly match', () => {
  test('are compared once for a question, however often its search begins anew', () => {
    const { found, loaded } = askFor(chain(3, 300), EVIL);
    expect(found).toMatchObject({ roles: ['e2'] });
    expect(loaded).toEqual(['evil', 'e0', 'e1', 'e2']);
  });

  test('of all levels together may cost only so much: then the question has failed', () => {
    const repository = chain(4, 300);
    const { found, loaded } = askFor(repository, EVIL);
    expect(found).toMatchObject({ code: 'trust.too-large' });
    expect(found).toHaveProperty(
      'message',
      `comparing "${EVIL}" with the delegations of vendor takes more than 4194304 steps`,
    );
    expect(loaded).toEqual(['evil', 'e0', 'e1', 'e2']);
    expect(verdict(askFor(repository, 'app:1'))).toBe('targets');
  });

  test('that cost too much leave nobody of lower priority to be asked', () => {
    const repository = chain(1, 1_200).delegate('last', { paths: ['evil:*'] });
    const answer = askFor(repository.put(EVIL, ONE, 'last').publish(), EVIL);
    expect([verdict(answer), answer.loaded]).toEqual(['trust.too-large', ['evil']]);
  });

  test('on the way to one named signer take nothing from another', () => {
    const repository = chain(4, 300)
      .delegate('qa', { paths: ['evil:*'] })
      .put(EVIL, ONE, 'qa')
      .publish();
    const way = 'evil > e0 > e1 > e2 > e3';
    expect(verdict(askFor(repository, EVIL, [way]))).toBe('trust.too-large');
    expect(verdict(askFor(repository, EVIL, [way, 'qa']))).toBe('targets > qa');
  });

  test('are compared once for a named signer too', () => {
    expect(verdict(askFor(chain(3, 300), EVIL, ['evil > e0 > e1 > e2']))).toBe('targets > evil > e0 > e1 > e2');
  });
});

describe('an inquiry', () => {
  test('that is over stays over', () => {
    const inquiry = new Inquiry('vendor', 'app:1');
    inquiry.spend(1 << 22);
    expect(code(() => inquiry.spend(1))).toBe('trust.too-large');
    expect(code(() => inquiry.spend(0))).toBe('trust.too-large');
  });

  test('has room for two files of 32,768 repositories with names of usual length', () => {
    const inquiry = new Inquiry('vendor', 'registry.example/organisation/team/application-9:1.0');
    const paths = Array.from({ length: 32_768 }, (_, i): Paths => {
      return { kind: 'patterns', of: [`registry.example/organisation/team/application-${i}:*`] };
    });
    for (let file = 0; file < 2; file++)
      expect(inquiry.delegationsOf(targetsOf(paths)).map(({ role }) => role)).toEqual(['r9']);
  });

  test('has room for hash prefixes, by their number', () => {
    const inquiry = new Inquiry('vendor', 'app:1');
    const of = Array.from({ length: 131_072 }, (_, i) => i.toString(16));
    for (let file = 0; file < 31; file++) inquiry.delegationsOf(targetsOf([{ kind: 'hash-prefixes', of }]));
    // The name was hashed once, which is 256 and one for each character.
    inquiry.spend(131_072 - 261);
    expect(code(() => inquiry.spend(1))).toBe('trust.too-large');
  });

  test('goes no further in a file than a search may, nor beyond what is terminating', () => {
    const paths = Array.from({ length: 100 }, (): Paths => ({ kind: 'patterns', of: ['*'] }));
    const inquiry = new Inquiry('vendor', 'app:1');
    expect(inquiry.delegationsOf(targetsOf(paths))).toHaveLength(65);
    expect(inquiry.delegationsOf(targetsOf(paths, true))).toHaveLength(1);
    expect(inquiry.delegationTo('r99', targetsOf(paths, true))?.role).toBe('r99');
  });
});

test('of hash bins only the one that the name falls into is delegated to', () => {
  const bins = { keys: [], threshold: 1, prefix: 'bin', bits: 1 };
  const targets: Targets = { ...targetsOf([]), bins };
  const inquiry = new Inquiry('vendor', 'app:1');
  const [bin] = inquiry.delegationsOf(targets);
  const other = bin?.role === 'bin-0' ? 'bin-1' : 'bin-0';
  expect(inquiry.delegationTo(bin?.role ?? '', targets)).toEqual(bin);
  expect(inquiry.delegationTo(other, targets)).toBeUndefined();
});
