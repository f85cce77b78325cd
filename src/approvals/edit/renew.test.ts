import { expect, test } from 'vitest';
import { DAY, LIFETIMES, NOW } from '../../../test/approvals.ts';
import type { Delegations } from '../document/documents.ts';
import { binNames } from './bins.ts';
import { Draft, type ReadableRole } from './draft.ts';
import { renew, rolesThatPeopleSign } from './renew.ts';

const who = { keyIds: ['k'], threshold: 1 };
const team = { name: 'team', paths: { kind: 'patterns', of: ['a/b:*'] }, ...who } as const;
const roles: Delegations = { kind: 'roles', keys: new Map(), roles: [team] };
const bins = { prefix: 'bulk', bits: 4, ...who };

test('people sign targets, what is below it, and the bins, where there are some', async () => {
  const signed = (bulk: ReadableRole | undefined): Promise<readonly string[]> => {
    const files = new Map([
      ['targets', { targets: new Map(), delegations: roles }],
      ...(bulk ? [['bulk', bulk] as const] : []),
    ]);
    return rolesThatPeopleSign({ read: (role) => Promise.resolve(files.get(role)) });
  };
  expect(await signed(undefined)).toEqual(['targets', 'team']);
  expect(await signed({ targets: new Map() })).toEqual(['targets', 'team']);
  const below: Delegations = { kind: 'bins', keys: new Map(), bins };
  expect(await signed({ targets: new Map(), delegations: below })).toEqual(['targets', 'team', ...binNames(bins)]);
});

test('what is made in the same step is new enough', async () => {
  const draft = new Draft(undefined, NOW, LIFETIMES);
  draft.add('targets', new Map(), roles);
  draft.add('team', new Map());
  const before = new Map(draft.roles);
  await renew(draft, { kind: 'renew', endingBefore: NOW + 1_000 * DAY });
  expect([...draft.roles]).toEqual([...before]);
  expect(draft.root).toBeUndefined();
});
