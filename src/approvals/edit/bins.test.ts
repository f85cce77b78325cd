import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALONE, APP, approval, ApprovalsWorld, hex } from '../../../test/approvals.ts';
import { everything, Model } from '../../../test/approvals-model.ts';
import { binFor } from '../../trust/tuf/bins.ts';
import { explain } from '../proposal/explain.ts';
import { explanationLines } from '../proposal/explain-words.ts';
import type { Made } from '../proposal/make-proposal.ts';
import type { Approve } from './change.ts';
import { binNames } from './bins.ts';

/** Thousands of approvals, in steps: from 16 bins to 64, and to 128. */
let world: ApprovalsWorld;
const model = new Model();
const steps: { made: Made; versions: ReadonlyMap<string, number>; files: ReadonlySet<string> }[] = [];

beforeAll(async () => {
  world = await ApprovalsWorld.make(ALONE);
  let next = 0;
  const some = (count: number): Approve[] =>
    Array.from({ length: count }, () => approval(`t${next}`, `c${next++}`, { sha256: hex(`content ${next}`) }));
  for (const count of [1_200, 500, 3_800]) {
    const changes = some(count);
    for (const change of changes) model.apply(change);
    const made = await world.change(...changes);
    const versions = (await world.standing()).snapshot.meta;
    steps.push({ made, versions, files: new Set(world.files().keys()) });
  }
}, 120_000);
afterAll(() => world.dispose());

const bitsNow = async (): Promise<number> => {
  const { delegations } = (await (await world.standing()).role('bulk'))!.document;
  return delegations?.kind === 'bins' ? delegations.bins.bits : 0;
};
const rolesOf = ({ proposal }: Made): readonly string[] => proposal.parts.map(({ role }) => role);

test('names of bins are as wide as the last one', () => {
  expect(binNames({ prefix: 'bulk', bits: 4 })).toEqual(Array.from('0123456789abcdef', (digit) => `bulk-${digit}`));
  expect(binNames({ prefix: 'bulk', bits: 5 }).slice(-2)).toEqual(['bulk-1e', 'bulk-1f']);
});

describe('once a bin has become large', () => {
  test('all of them are more, and each is signed', async () => {
    expect(steps.map(({ made }) => rolesOf(made).length)).toEqual([16, 1 + 64, 1 + 128]);
    expect(rolesOf(steps[1]!.made).toSorted()).toEqual(['bulk', ...binNames({ prefix: 'bulk', bits: 6 })].sort());
    expect(await bitsNow()).toBe(7);
  });

  test('no entry is lost or changed, and each is where it is looked for', async () => {
    const all = await everything(await world.standing());
    expect(all.size).toBe(11_000);
    for (const [target, { role, entry }] of all) {
      expect(role).toBe(binFor({ prefix: 'bulk', bits: 7 }, target));
      expect(entry.sha256).toBe(model.answer(target));
    }
    for (const tag of model.tags.keys()) expect(all.has(tag)).toBe(true);
  });

  test('versions go on: also of names that were bins before, and of those that are bins no more', () => {
    const [first, second, third] = steps.map(({ versions }) => versions);
    for (const role of binNames({ prefix: 'bulk', bits: 4 }))
      expect([role, third!.get(role)]).toEqual([role, first!.get(role)]);
    for (const role of binNames({ prefix: 'bulk', bits: 6 }))
      expect([second!.get(role), third!.get(role)]).toEqual([1, 2]);
    for (const role of second!.keys()) expect(third!.get(role)).toBeGreaterThanOrEqual(second!.get(role)!);
  });

  test('the explanation shows what is new, and that the rest only moves', async () => {
    const { targets, bins } = await explain(steps[1]!.made);
    expect(bins).toEqual({ before: 16, after: 64 });
    expect(targets).toHaveLength(1_000);
    expect(targets.every(({ before }) => before === undefined)).toBe(true);
    const lines = explanationLines(await explain(steps[1]!.made));
    expect(lines).toContain('Approvals are spread over 64 files instead of 16; none of them changes by that.');
    expect(lines.find((line) => line.startsWith('Approve: '))).toContain(`500 new tags of ${APP}, `);
    expect(lines.filter((line) => line.startsWith('No longer'))).toEqual([]);
  });

  test('the bins that were are no longer anybody’s', async () => {
    const standing = await world.standing();
    expect(await standing.role('bulk-0')).toBeUndefined();
    expect(await standing.role('bulk-00')).toBeDefined();
    expect(await standing.role('bulk-80')).toBeUndefined();
  });
});

test('one large bin among small ones: nothing is gained by more, so only what changed is signed', async () => {
  const other = await ApprovalsWorld.make(ALONE);
  const changes: Approve[] = [];
  for (let i = 0; changes.length < 201; i++)
    if (binFor({ prefix: 'bulk', bits: 4 }, `${APP}:s${i}`) === 'bulk-0') changes.push(approval(`s${i}`, 'same'));
  const made = await other.change(...changes);
  expect(new Set(rolesOf(made)).size).toBeLessThanOrEqual(2);
  other.dispose();
});
