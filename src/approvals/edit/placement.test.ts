import { expect, test } from 'vitest';
import { APP, hex } from '../../../test/approvals.ts';
import { codeOf } from '../../errors.ts';
import { binFor } from '../../trust/tuf/bins.ts';
import type { DelegatedRole, Delegations } from '../document/documents.ts';
import { digestTarget, tagTarget } from '../document/names.ts';
import { holderOf } from './placement.ts';

/** Where an entry is written is where a client looks for it, or nowhere. */
const who = { keyIds: [], threshold: 1 };
const role = (name: string, ...of: readonly string[]): DelegatedRole => ({
  name,
  paths: { kind: 'patterns', of },
  ...who,
});
const roles = (...all: readonly DelegatedRole[]): Delegations => ({ kind: 'roles', keys: new Map(), roles: all });
const BINS = { kind: 'bins', keys: new Map(), bins: { prefix: 'bulk', bits: 4, ...who } } as const;
const TAG = tagTarget(APP, '1');

const holder = (target: string, files: Readonly<Record<string, Delegations | undefined>>): Promise<string> => {
  const known = new Map(Object.entries(files));
  const read = (name: string): { delegations?: Delegations | undefined } | undefined =>
    known.has(name) ? { delegations: known.get(name) } : undefined;
  return holderOf((name) => Promise.resolve(read(name)), target).catch(codeOf);
};

test('the first role that is in charge of the name, whether its file is there or not', async () => {
  const targets = roles(role('team', `${APP}:*`), role('all', `${APP}:*`, `${APP}@*`));
  expect(await holder(TAG, { targets, team: undefined })).toBe('team');
  expect(await holder(TAG, { targets })).toBe('team');
  expect(await holder(digestTarget(APP, hex(1)), { targets })).toBe('all');
});

test('of bins the one that the name falls into; a role with others below it holds its names itself', async () => {
  const targets = roles(role('bulk', `${APP}:*`));
  expect(await holder(TAG, { targets, bulk: BINS })).toBe(binFor(BINS.bins, TAG));
  expect(await holder(TAG, { targets, bulk: roles() })).toBe('bulk');
});

test.each<[string, Readonly<Record<string, Delegations | undefined>>]>([
  ['there is no repository', {}],
  ['nothing is delegated', { targets: undefined }],
  ['no role has the name', { targets: roles(role('team', 'reg.example/other:*')) }],
  ['the bins hang where no client looks for roles', { targets: BINS }],
])('nobody, where %s: nothing is written then', async (_, files) => {
  expect(await holder(TAG, files)).toBe('trust.role-path');
});
