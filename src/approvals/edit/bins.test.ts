import { afterAll, describe, expect, test } from 'vitest';
import { ALONE, APP, approval, ApprovalsWorld, hex, LIFETIMES, NOW } from '../../../test/approvals.ts';
import { everything, Model } from '../../../test/approvals-model.ts';
import { binFor } from '../../trust/tuf/bins.ts';
import { explain } from '../proposal/explain.ts';
import { explanationLines } from '../proposal/explain-words.ts';
import type { Made } from '../proposal/make-proposal.ts';
import type { Approve } from './change.ts';
import { Draft, type ReadableRole } from './draft.ts';
import { binNames, binsOf, growBins } from './bins.ts';

/** Thousands of approvals, in steps: from 16 bins to 64, and to 128. */
interface Grown {
  readonly world: ApprovalsWorld;
  readonly model: Model;
  readonly steps: readonly { readonly made: Made; readonly versions: ReadonlyMap<string, number> }[];
}

let growing: Promise<Grown> | undefined;
/** Once for all, and by the first test that asks: what fails in it fails that test. */
const grown = (): Promise<Grown> => (growing ??= grow());
afterAll(async () => (await growing?.catch(() => undefined))?.world.dispose());

async function grow(): Promise<Grown> {
  const world = await ApprovalsWorld.make(ALONE);
  const model = new Model();
  const steps: { made: Made; versions: ReadonlyMap<string, number> }[] = [];
  let next = 0;
  const some = (count: number): Approve[] =>
    Array.from({ length: count }, () => approval(`t${next}`, `c${next++}`, { sha256: hex(`content ${next}`) }));
  for (const count of [1_200, 500, 3_800]) {
    const changes = some(count);
    for (const change of changes) model.apply(change);
    const made = await world.change(...changes);
    const versions = (await world.standing()).snapshot.meta;
    steps.push({ made, versions });
  }
  return { world, model, steps };
}

const bitsNow = async (world: ApprovalsWorld): Promise<number> => {
  const { delegations } = (await (await world.standing()).role('bulk'))!.document;
  return delegations?.kind === 'bins' ? delegations.bins.bits : 0;
};
const rolesOf = ({ proposal }: Made): readonly string[] => proposal.parts.map(({ role }) => role);

test('names of bins are as wide as the last one', () => {
  expect(binNames({ prefix: 'bulk', bits: 4 })).toEqual(Array.from('0123456789abcdef', (digit) => `bulk-${digit}`));
  expect(binNames({ prefix: 'bulk', bits: 5 }).slice(-2)).toEqual(['bulk-1e', 'bulk-1f']);
});

describe('once a bin has become large', () => {
  test('all of them are more, and each is signed', { timeout: 120_000 }, async () => {
    const { world, steps } = await grown();
    expect(steps.map(({ made }) => rolesOf(made).length)).toEqual([16, 1 + 64, 1 + 128]);
    expect(rolesOf(steps[1]!.made).toSorted()).toEqual(['bulk', ...binNames({ prefix: 'bulk', bits: 6 })].sort());
    expect(await bitsNow(world)).toBe(7);
  });

  test('no entry is lost or changed, and each is where it is looked for', async () => {
    const { world, model } = await grown();
    const all = await everything(await world.standing());
    expect(all.size).toBe(11_000);
    for (const [target, { role, entry }] of all) {
      expect(role).toBe(binFor({ prefix: 'bulk', bits: 7 }, target));
      expect(entry.sha256).toBe(model.answer(target));
    }
    for (const tag of model.tags.keys()) expect(all.has(tag)).toBe(true);
  });

  test('versions go on: also of names that were bins before, and of those that are bins no more', async () => {
    const { steps } = await grown();
    const [first, second, third] = steps.map(({ versions }) => versions);
    for (const role of binNames({ prefix: 'bulk', bits: 4 }))
      expect([role, third!.get(role)]).toEqual([role, first!.get(role)]);
    for (const role of binNames({ prefix: 'bulk', bits: 6 }))
      expect([second!.get(role), third!.get(role)]).toEqual([1, 2]);
    for (const role of second!.keys()) expect(third!.get(role)).toBeGreaterThanOrEqual(second!.get(role)!);
  });

  test('the explanation shows what is new, and that the rest only moves', async () => {
    const { steps } = await grown();
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
    const { world } = await grown();
    const standing = await world.standing();
    expect(await standing.role('bulk-0')).toBeUndefined();
    expect(await standing.role('bulk-00')).toBeDefined();
    expect(await standing.role('bulk-80')).toBeUndefined();
  });
});

describe('how large is large', () => {
  const who = { keyIds: ['k'], threshold: 1 };
  const SIXTEEN = { kind: 'bins', keys: new Map(), bins: { prefix: 'bulk', bits: 4, ...who } } as const;
  const bins = binNames(SIXTEEN.bins);
  const word = { kind: 'named', tags: ['1'] } as const;

  /** @param sizes entries of the first bins; of the others there is no file */
  const draftOf = (sizes: readonly number[]): Draft => {
    const draft = new Draft(undefined, NOW, LIFETIMES);
    draft.add('bulk', new Map(), SIXTEEN);
    for (const [bin, size] of sizes.entries()) {
      const names = Array.from({ length: size }, (_, i) => `${APP}-${bin}:${i}`);
      draft.add(bins[bin]!, new Map(names.map((name) => [name, { length: 1, sha256: hex(name), word }])));
    }
    return draft;
  };
  const of16 = (first: number, others: number): readonly number[] => [first, ...Array<number>(15).fill(others)];

  test.each([
    ['none has more than 200', of16(200, 200)],
    ['one has, and 16 are the right number for all', of16(201, 60)],
    ['one has, and the others have no files', [201]],
  ])('they stay as they are where %s', async (_, sizes) => {
    const draft = draftOf(sizes);
    const before = new Map(draft.roles);
    await growBins(draft);
    for (const [role, drafted] of before) expect(draft.roles.get(role)).toBe(drafted);
    expect(draft.roles.size).toBe(before.size);
    expect(await binsOf(draft)).toEqual(SIXTEEN.bins);
  });

  test('one has 201, and it takes 32 for all: those who may sign stay, and no bin is left out', async () => {
    const draft = draftOf(of16(201, 199));
    await growBins(draft);
    const more = { ...SIXTEEN.bins, bits: 5 };
    expect(draft.roles.get('bulk')?.delegations).toEqual({ ...SIXTEEN, bins: more });
    expect([...draft.roles.keys()].sort()).toEqual(['bulk', ...binNames(more)].sort());
    const all = binNames(more).flatMap((bin) =>
      [...draft.roles.get(bin)!.targets].map(([target]) => ({ bin, target })),
    );
    expect(all).toHaveLength(3_186);
    for (const { bin, target } of all) expect(bin).toBe(binFor(more, target));
  });

  test.each<[string, ReadableRole | undefined]>([
    ['without the role', undefined],
    ['whose role names all itself', { targets: new Map() }],
    ['whose role has others below', { targets: new Map(), delegations: { kind: 'roles', keys: new Map(), roles: [] } }],
  ])('a repository %s has no bins', async (_, bulk) => {
    const draft = new Draft(undefined, NOW, LIFETIMES);
    if (bulk !== undefined) draft.add('bulk', new Map(bulk.targets), bulk.delegations);
    expect(await binsOf(draft)).toBeUndefined();
    await growBins(draft);
    expect([...draft.roles.keys()]).toEqual(bulk === undefined ? [] : ['bulk']);
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
