import { describe, expect, test } from 'vitest';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { contextOf, refresh } from '../../simulator/tuf-refresh.ts';
import { Inquiry } from './inquiry.ts';
import { findStanding, isAfter, type Standing, type StandingStep } from './standing.ts';
import { acceptDelegated, withRole } from './delegated.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;
const NAME = `app@${A}`;
const revoked = { tufgate: { revoked: '2026-11-20T00:00:00Z' } };

/** The standing, with every file loaded that the search asks for. */
function standing(made: TufRepository, at = NOW): Standing {
  const ctx = contextOf(made.publish());
  const { view: first } = refresh(ctx, made, NOW);
  const inquiry = new Inquiry(ctx.gun, NAME);
  let view = first;
  for (;;) {
    const step: StandingStep = findStanding(ctx, view, NAME, at, inquiry);
    if (step.kind !== 'wanted') return step;
    view = withRole(view, acceptDelegated(ctx, step, made.at(step.wanted.role), NOW));
  }
}

const owned = (): TufRepository =>
  new TufRepository(NOW).delegate('team', { paths: ['app@*'] }).delegate('bulk', { paths: ['app@*'] });
const approved = { digest: A, length: 1 };

describe('what a repository says of a digest', () => {
  test('is silent where nobody names it', () => expect(standing(owned())).toEqual({ kind: 'silent' }));

  test('is an approval by the first role that names it, and how far the search came', () => {
    expect(standing(owned().put(NAME, approved, 'bulk'))).toEqual({
      kind: 'approved',
      digest: A,
      role: 'bulk',
      versions: new Map([
        ['targets', 1],
        ['team', 1],
        ['bulk', 1],
      ]),
    });
  });

  test('is a withdrawal by the first role that names it, although another approves it', () => {
    const made = owned()
      .put(NAME, { ...approved, custom: revoked }, 'team')
      .put(NAME, approved, 'bulk');
    expect(standing(made)).toMatchObject({
      kind: 'withdrawn',
      revoked: { at: NOW - DAY },
      versions: new Map([
        ['targets', 1],
        ['team', 1],
      ]),
    });
  });

  test('is a withdrawal whatever digest is signed under its name', () => {
    expect(standing(owned().put(NAME, { digest: B, length: 1, custom: revoked }, 'team')).kind).toBe('withdrawn');
  });

  test.each(['team', 'timestamp', 'targets'])(
    'outlives the end of %s as a withdrawal, and not as an approval',
    (role) => {
      const made = owned().put(NAME, { ...approved, custom: revoked }, 'team');
      made.of(role).expires = NOW + 1_000;
      expect(standing(made, NOW + 1_000).kind).toBe('withdrawn');
      const other = owned().put(NAME, approved, 'bulk');
      other.of(role).expires = NOW + 1_000;
      expect(standing(other).kind).toBe('approved');
      expect(standing(other, NOW + 1_000).kind).toBe('silent');
    },
  );

  test('is over from its end on', () => {
    const made = owned().put(NAME, { ...approved, custom: { tufgate: { until: '2026-11-21T12:00:00Z' } } }, 'team');
    expect(standing(made, NOW + DAY / 2 - 1).kind).toBe('approved');
    expect(standing(made, NOW + DAY / 2)).toMatchObject({
      kind: 'ended',
      why: expect.stringContaining(NAME) as string,
    });
  });

  test('is a withdrawal that cannot be read', () => {
    const made = owned().put(NAME, { ...approved, custom: { tufgate: { revoked: 'x' } } }, 'team');
    expect(standing(made)).toEqual({
      kind: 'unreadable',
      why:
        `team of ${contextOf(made.publish()).gun} signed ${NAME} with words on its withdrawal that cannot be read; ` +
        'those who approve images must sign it anew',
    });
    const other = owned().put(NAME, { ...approved, custom: { tufgate: { until: 'x' } } }, 'team');
    expect(standing(other)).toEqual({ kind: 'silent' });
  });
});

describe('an approval comes after a withdrawal', () => {
  const withdrawn = new Map([
    ['targets', 5],
    ['team', 3],
  ]);
  test.each<[string, string, Record<string, number>, boolean]>([
    ['the same role, its next file', 'team', { targets: 5, team: 4 }, true],
    ['the same role, the same file', 'team', { targets: 6, team: 3 }, false],
    ['an older file of the role', 'team', { targets: 6, team: 2 }, false],
    ['under older targets', 'team', { targets: 4, team: 4 }, false],
    ['another role, where the first says nothing any more', 'bulk', { targets: 5, team: 4, bulk: 1 }, true],
    ['another role, where the first is an older file', 'bulk', { targets: 5, team: 2, bulk: 9 }, false],
    ['another role, and nothing is newer', 'bulk', { targets: 5, team: 3, bulk: 9 }, false],
    ['another role, after the first was taken away', 'bulk', { targets: 6, bulk: 1 }, true],
    ['another role, and nothing that was seen then', 'bulk', { targets: 5, bulk: 1 }, false],
  ])('%s', (_, role, versions, after) => {
    expect(isAfter({ role, versions: new Map(Object.entries(versions)) }, withdrawn)).toBe(after);
  });
});
