import { afterEach, describe, expect, test } from 'vitest';
import {
  ALONE,
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  creation,
  hex,
  NAME,
  person,
  type Person,
  quorum,
  ROOT,
  type Setting,
  signedBy,
  TWO_OF_THREE,
} from '../../../test/approvals.ts';
import { everything } from '../../../test/approvals-model.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Entry, Named } from '../document/documents.ts';
import { digestTarget, tagTarget } from '../document/names.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';
import { signedBytes } from '../document/write-document.ts';
import { propose, type Made } from '../proposal/make-proposal.ts';
import { readFrom } from '../publish/tree.ts';
import { Standing } from '../standing/standing.ts';
import { applied } from './apply.ts';
import { attributed } from './attribution.ts';
import { affectedIn, restedOn } from './authorize.ts';
import { binNames } from './bins.ts';
import type { Change } from './change.ts';
import type { Draft } from './draft.ts';

let world: ApprovalsWorld;
afterEach(() => world.dispose());

const ANNA_OR_BEN: Setting = { ...ALONE, bulk: quorum(1, ANNA, BEN) };
const open = async (setting = ALONE, ...signers: readonly Person[]): Promise<ApprovalsWorld> => {
  world = await ApprovalsWorld.make(setting);
  world.signers = signers.length > 0 ? signers : setting.signers;
  return world;
};
const tag = (name: string): string => tagTarget(APP, name);
const digest = (content: string): string => digestTarget(APP, hex(content));
const BINS = binNames({ prefix: 'bulk', bits: 4 });

const names = async (): Promise<readonly string[]> => [...(await everything(await world.standing())).keys()].sort();
const versions = async (): Promise<ReadonlyMap<string, number>> => (await world.standing()).snapshot.meta;
const partsOf = (made: Made): readonly string[] => made.proposal.parts.map(({ role }) => role);

/** As a thief with the server makes a repository: whatever he likes, signed with the keys that he has. */
async function plant(thieves: readonly Person[], edit: (draft: Draft) => Promise<void>): Promise<void> {
  const on = { repository: NAME, pinned: world.pinned!, read: readFrom(world.folder) };
  const draft = await applied(
    await Standing.open(on.repository, on.pinned, on.read),
    [],
    (world.now += 1_000),
    world.lifetimes,
  );
  await edit(draft);
  const documents = new Map(
    [...draft.documents()].map(([role, document]) => [role, { document, message: signedBytes(document) }]),
  );
  const parts = [...documents].map(([role, { document, message }]) => ({
    role,
    version: document.version,
    sha256: sha256Hex(message),
    signatures: [],
  }));
  const proposal = {
    repository: NAME,
    created: draft.now,
    lifetimes: world.lifetimes,
    changes: [],
    files: new Map(),
    parts,
  };
  await world.publish(await signedBy({ proposal, draft, documents }, ...thieves));
}

/** The next version of every bin, unchanged: from then on each says who approved what. */
async function signedAnewBy(...people: readonly Person[]): Promise<void> {
  await plant(people, async (draft) => {
    for (const role of BINS) await draft.edit(role);
  });
}

describe('a key is added', () => {
  test('to those who approve: nothing that stands is signed again, and both may sign', async () => {
    await open();
    await world.change(approval('1', 'a'));
    const made = await world.change(authorization('bulk', quorum(1, ANNA, BEN)));
    expect(partsOf(made)).toEqual(['targets', 'bulk']);
    await world.changeAs([BEN], approval('2', 'b'));
    expect(await names()).toEqual([tag('1'), tag('2'), digest('a'), digest('b')].sort());
  });

  test('with a higher threshold: all is signed again by as many', async () => {
    await open(ALONE, ROOT, ANNA, BEN);
    await world.change(approval('1', 'a'));
    const made = await world.change(authorization('bulk', quorum(2, ANNA, BEN)));
    expect(partsOf(made)).toEqual(['targets', 'bulk', ...BINS]);
    expect(await world.changeAs([BEN], approval('2', 'b')).catch(codeOf)).toBe('trust.threshold');
    expect(await names()).toEqual([tag('1'), digest('a')].sort());
  });

  test('to the root: both quorums sign, and others of their roles stay as they are', async () => {
    await open(ALONE, ROOT, ANNA);
    const two = quorum(2, ROOT, CARLA);
    const change = authorization('root', two);
    expect(await world.change(change).catch(messageOf)).toContain(
      '1 of the 2 signatures of the root keys of version 2',
    );
    expect(await world.changeAs([CARLA], change).catch(messageOf)).toContain('the root keys of version 1');
    const made = await world.changeAs([ROOT, CARLA], change);
    expect(partsOf(made)).toEqual(['root']);
    const { root } = await world.standing();
    expect([root.version, root.roles.root.threshold, root.keys.size]).toEqual([2, 2, 4]);
  });
});

describe('a key is lost', () => {
  test('of those who approve: what it alone signed is signed again, and nothing is dropped', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA);
    await world.change(approval('1', 'a'));
    await world.changeAs([BEN], approval('2', 'b'));
    const before = await everything(await world.standing());
    const byAnna = [...(await versions()).keys()].filter((role) => role.startsWith('bulk-'));
    const made = await world.changeAs([ANNA, BEN], authorization('bulk', quorum(1, BEN, CARLA)));
    expect(await names()).toEqual([...before.keys()].sort());
    expect(partsOf(made).length).toBeLessThan(2 + byAnna.length);
    const signers = async (role: string): Promise<readonly string[]> =>
      (await (await world.standing()).role(role))!.signers;
    for (const role of ['bulk', ...BINS]) expect(await signers(role)).toEqual([BEN.keyId]);
    expect((await everything(await world.standing())).get(tag('1'))?.entry.word).toHaveProperty('keys', [ANNA.keyId]);
  });

  test('of targets: the file is signed again under the new root', async () => {
    await open({ ...ALONE, targets: quorum(1, ANNA, BEN) }, ROOT, ANNA, BEN);
    const made = await world.changeAs([ROOT, BEN], authorization('targets', quorum(1, BEN)));
    expect(partsOf(made)).toEqual(['root', 'targets']);
    expect([...(await world.standing()).root.keys.keys()]).not.toContain(CARLA.keyId);
    expect((await (await world.standing()).role('targets'))?.signers).toEqual([BEN.keyId]);
  });

  test('the online one: another signs, and the root says so', async () => {
    await open();
    const other = person('online two');
    world.online = other;
    await world.change(authorization('snapshot', quorum(1, other)), authorization('timestamp', quorum(1, other)));
    const { root, snapshot, timestamp } = await world.standing();
    expect([root.version, snapshot.version, timestamp.version]).toEqual([2, 2, 2]);
    expect(root.keys.has(person('online').keyId)).toBe(false);
    await world.change(approval('1', 'a'));
    world.online = person('online');
    expect(await world.change(approval('2', 'a')).catch(codeOf)).toMatch(/^trust\.(signature|threshold)$/);
    expect(await names()).toEqual([tag('1'), digest('a')].sort());
  });
});

describe('a key is stolen', () => {
  const stolen = (): Promise<Made> => world.change(authorization('bulk', quorum(1, BEN, CARLA), ANNA));

  test('what rested on it is dropped, and what others approved stays', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([ANNA], approval('1', 'a'), approval(undefined, 'd'));
    await world.changeAs([BEN], approval('2', 'b'), approval('3', 'a'));
    await signedAnewBy(BEN);
    await stolen();
    expect(await names()).toEqual([tag('2'), tag('3'), digest('a'), digest('b')].sort());
    const { word } = (await everything(await world.standing())).get(digest('a'))!.entry;
    expect(word).toEqual({ kind: 'named', tags: ['3'] });
  });

  test('two of three: what two others signed as well stays', async () => {
    await open(TWO_OF_THREE, ANNA, BEN, CARLA);
    await world.changeAs([BEN, CARLA], approval('1', 'a'));
    await world.changeAs([ANNA, CARLA], approval('2', 'b'));
    await signedAnewBy(BEN, CARLA);
    const dora = person('dora');
    await world.changeAs([BEN, CARLA, dora], authorization('bulk', quorum(2, BEN, CARLA, dora), ANNA));
    expect(await names()).toEqual([tag('1'), digest('a')].sort());
  });

  test('the same in a role of owners', async () => {
    await open(ALONE, ROOT, ANNA, BEN, CARLA);
    await world.change({ kind: 'delegate', role: 'team', names: [APP], ...quorum(1, BEN, CARLA) });
    await world.changeAs([BEN], approval('1', 'a'));
    await world.changeAs([CARLA], approval('2', 'b'));
    await world.change(authorization('team', quorum(1, CARLA), BEN));
    expect(await names()).toEqual([tag('2'), digest('b')].sort());
    expect((await (await world.standing()).role('team'))?.signers).toEqual([CARLA.keyId]);
  });

  test('of a digest what others approved for itself stays, and what the thief did goes', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([ANNA], approval('1', 'a'), approval(undefined, 'c'));
    await world.changeAs([BEN], approval(undefined, 'a'), approval('3', 'c'));
    await signedAnewBy(BEN);
    await stolen();
    const all = await everything(await world.standing());
    expect([...all.keys()].sort()).toEqual([tag('3'), digest('a'), digest('c')].sort());
    expect(all.get(digest('a'))?.entry.word).toMatchObject({ kind: 'approval', keys: [BEN.keyId] });
    expect(all.get(digest('c'))?.entry.word).toEqual({ kind: 'named', tags: ['3'] });
  });

  test.each<[string, Change]>([
    ['a tag of the digest is approved', approval('2', 'evil')],
    ['a tag of it goes', { kind: 'remove-tag', repository: APP, tag: '1' }],
    ['a tag of it moves', approval('1', 'b')],
  ])('%s by others: what the thief said of the digest does not become their word', async (_, change) => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    const lie = { kind: 'approval', at: world.now, by: 'ben', evidence: [], keys: [BEN.keyId] } as const;
    await world.changeAs([BEN], approval('1', 'evil'));
    await plant([ANNA], async (draft) => {
      const { word, ...same } = (await draft.entry(digest('evil')))!;
      await draft.put(digest('evil'), { ...same, word: { ...(word as Named), own: lie } });
    });
    await world.changeAs([BEN], change);
    const { word } = (await everything(await world.standing())).get(digest('evil'))!.entry;
    expect(word.kind === 'named' ? word.own : word).toMatchObject({ keys: [BEN.keyId], carried: [[ANNA.keyId]] });
  });

  test('where nothing rested on it nothing is signed again', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([BEN], approval('1', 'a'), approval(undefined, 'a'));
    await signedAnewBy(BEN);
    const made = await stolen();
    expect(partsOf(made).toSorted()).toEqual(['bulk', 'targets']);
  });

  test('a bin says something of what owners are in charge of: they lose nothing by it, and need not sign', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN, CARLA);
    await world.change({ kind: 'delegate', role: 'team', names: [APP], ...quorum(1, CARLA) });
    await world.changeAs([CARLA], approval('1', 'a'));
    await plant([ANNA, BEN], async (draft) => {
      for (const role of BINS) await draft.edit(role);
      const stray: Entry = { length: 1, sha256: hex('a'), word: { kind: 'named', tags: [] } };
      draft.roles.get('bulk-0')?.targets.set(digest('a'), stray);
    });
    const made = await stolen();
    expect(partsOf(made).toSorted()).toEqual(['bulk', 'targets']);
    expect((await (await world.standing()).role('team'))?.document.targets.has(digest('a'))).toBe(true);
  });

  const evil = hex('evil');
  const planted = (word: Entry['word']): Entry => ({ length: 9, sha256: evil, word });

  test.each([
    ['for a tag that stands for another', ['1']],
    ['for a tag that is not there', ['9']],
    ['for no tag at all', []],
  ])('the thief names a digest %s: it goes', async (_, tags) => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([BEN], approval('1', 'a'));
    await plant([ANNA], async (draft) => draft.put(digest('evil'), planted({ kind: 'named', tags })));
    expect(await names()).toContain(digest('evil'));
    await signedAnewBy(BEN);
    await stolen();
    expect(await names()).toEqual([tag('1'), digest('a')].sort());
  });

  test('the thief adds a tag to the digest that is really approved: the tag goes, the digest stays', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([BEN], approval('1', 'a'));
    await plant([ANNA], async (draft) => {
      const real = (await draft.entry(digest('a')))!;
      await draft.put(digest('a'), { ...real, word: { kind: 'named', tags: ['1', 'x'] } });
    });
    await signedAnewBy(BEN);
    await stolen();
    expect((await everything(await world.standing())).get(digest('a'))?.entry.word).toEqual({
      kind: 'named',
      tags: ['1'],
    });
  });

  test('the thief writes that others signed it: where nobody else did, nothing in the file is believed', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    const lie = { at: world.now, by: 'ben', evidence: [], keys: [BEN.keyId] } as const;
    await plant([ANNA], async (draft) => {
      await draft.put(tag('evil'), planted({ kind: 'approval', ...lie }));
      await draft.put(digest('evil'), planted({ kind: 'named', tags: ['evil'], own: { kind: 'approval', ...lie } }));
    });
    await stolen();
    expect(await names()).toEqual([]);
  });

  test('the thief writes that others signed it, and they sign the next file: it is not believed for that', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    const lie = { at: world.now, by: 'ben', evidence: [], keys: [BEN.keyId] } as const;
    await plant([ANNA], async (draft) => {
      await draft.put(tag('evil'), planted({ kind: 'approval', ...lie }));
      await draft.put(digest('evil'), planted({ kind: 'named', tags: ['evil'], own: { kind: 'approval', ...lie } }));
    });
    await signedAnewBy(BEN);
    await signedAnewBy(BEN);
    const { role, entry } = (await everything(await world.standing())).get(tag('evil'))!;
    expect(entry.word).toMatchObject({ keys: [BEN.keyId], carried: [[ANNA.keyId]] });
    const file = (await (await world.standing()).role(role))!;
    expect(restedOn(file, (key) => key === ANNA.keyId, 1)).toContain(tag('evil'));
    await stolen();
    expect(await names()).toEqual([]);
  });

  test('of those who took it over later the smallest sets are kept: whoever could have put it there alone', () => {
    const signedBy = (...signers: readonly string[]) => ({ signers, bytes: new Uint8Array() });
    const first: Entry = { length: 1, sha256: hex('a'), word: { kind: 'approval', at: 0, by: 'x', evidence: [] } };
    let entry = first;
    const next = (...signers: readonly string[]): unknown => {
      const document = { type: 'targets', version: 1, expires: 1, targets: new Map([['t', entry]]) } as const;
      entry = attributed({ document, ...signedBy(...signers) }).get('t')!;
      return entry.word.kind === 'approval' && [entry.word.keys, entry.word.carried];
    };
    expect(next('b', 'a')).toEqual([['a', 'b'], undefined]);
    expect(next('a', 'b')).toEqual([['a', 'b'], undefined]);
    expect(next('a', 'b', 'c')).toEqual([['a', 'b'], [['a', 'b', 'c']]]);
    expect(next('b', 'c')).toEqual([['a', 'b'], [['b', 'c']]]);
    expect(next('b', 'c', 'd')).toEqual([['a', 'b'], [['b', 'c']]]);
    expect(next('c')).toEqual([['a', 'b'], [['c']]]);
    expect(next('a')).toEqual([
      ['a', 'b'],
      [['c'], ['a']],
    ]);
  });

  test('what would go is said before', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([ANNA], approval('1', 'a'));
    const { role } = (await everything(await world.standing())).get(tag('1'))!;
    const file = (await (await world.standing()).role(role))!;
    expect(affectedIn(file, { distrust: [ANNA.keyId], threshold: 1 })).toEqual([tag('1')]);
    expect(affectedIn(file, { distrust: [BEN.keyId], threshold: 1 })).toEqual([]);
    expect(affectedIn(file, { distrust: [], threshold: 1 })).toEqual([]);
  });

  test('what was said before is what goes, whatever becomes of the threshold in the same step', async () => {
    await open({ ...ALONE, bulk: quorum(1, ANNA, BEN) }, ROOT, ANNA, BEN, CARLA);
    await world.changeAs([ANNA, BEN], approval('1', 'a'));
    await world.change(authorization('bulk', quorum(2, BEN, CARLA), ANNA));
    expect(await names()).toContain(tag('1'));
    await world.changeAs([BEN, CARLA], approval('2', 'b'));
    await world.change(authorization('bulk', quorum(1, BEN), CARLA));
    expect(await names()).toEqual([tag('1'), digest('a')].sort());
  });

  test('it is said also after the key was removed, and of digests that were approved for themselves', async () => {
    await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
    await world.changeAs([ANNA], approval('1', 'a'), approval(undefined, 'a'));
    await world.changeAs([ROOT, ANNA, BEN], authorization('bulk', quorum(1, BEN)));
    const said = async (id: string): Promise<readonly string[]> => {
      const standing = await world.standing();
      const roles = [...new Set([...(await everything(standing)).values()].map(({ role }) => role))];
      const found = await Promise.all(
        roles.map(async (role) => restedOn((await standing.role(role))!, (key) => key === id, 1)),
      );
      return found.flat().sort();
    };
    expect(await said(ANNA.keyId)).toEqual([tag('1'), digest('a')].sort());
    expect(await said(CARLA.keyId)).toEqual([]);
  });
});

test('keys that are only lost take nothing with them, not even what names a tag that is not there', async () => {
  await open(ANNA_OR_BEN, ROOT, ANNA, BEN);
  await plant([ANNA], async (draft) =>
    draft.put(digest('x'), { length: 9, sha256: hex('x'), word: { kind: 'named', tags: ['9'] } }),
  );
  await world.change(authorization('bulk', quorum(1, BEN)));
  expect(await names()).toEqual([digest('x')]);
});

test('a repository that is made in the same step: other keys than it was asked for sign it at once', async () => {
  world = new ApprovalsWorld(ALONE);
  const all = [creation(ALONE), approval('1', 'a'), authorization('bulk', quorum(1, BEN), ANNA)];
  const { draft } = await propose(NAME, undefined, all, world.now, world.lifetimes);
  const { delegations } = (await draft.read('targets'))!;
  expect(delegations?.kind === 'roles' && delegations.roles[0]?.keyIds).toEqual([BEN.keyId]);
  expect((await draft.entry(tag('1')))?.sha256).toBe(hex('a'));
  expect((await draft.entry(digest('a')))?.word).toEqual({ kind: 'named', tags: ['1'] });
});

describe('refused', () => {
  test('a role that is not there, a key named twice, more than there are', async () => {
    await open();
    expect(await world.change(authorization('nobody', quorum(1, BEN))).catch(messageOf)).toContain(
      'there is no role "nobody"',
    );
    expect(await world.change(authorization('nobody', quorum(1, BEN))).catch(codeOf)).toBe('usage');
    expect(await world.change(authorization('bulk', quorum(1, BEN, BEN))).catch(messageOf)).toContain('named twice');
    expect(await world.change(authorization('root', quorum(2, BEN))).catch(codeOf)).toBe('usage');
  });

  test('a repository over one that is there', async () => {
    await open();
    expect(await world.change(creation(ALONE)).catch(messageOf)).toContain('approvals is there already');
  });

  test('a change to a repository that is not there', async () => {
    world = new ApprovalsWorld();
    expect(await propose(NAME, undefined, [approval('1', 'a')], world.now, world.lifetimes).catch(codeOf)).toBe(
      'trust.role-path',
    );
  });
});

test('what ends is renewed, and only that; the root too', async () => {
  await open();
  const parts = async (endingBefore: number): Promise<readonly string[]> =>
    partsOf(await world.propose({ kind: 'renew', endingBefore }));
  const { expires } = (await (await world.standing()).role('targets'))!.document;
  expect(await parts(expires)).toEqual([]);
  world.now += 10_000;
  await world.change(approval('1', 'a'));
  const left = BINS.length - [...(await versions())].filter(([, version]) => version === 2).length;
  expect(await parts(expires + 1)).toHaveLength(2 + left);
  const all = await parts((await world.standing()).root.expires + 1);
  expect(all).toEqual(['root', 'targets', 'bulk', ...BINS]);
  await world.change({ kind: 'renew', endingBefore: (await world.standing()).root.expires + 1 });
  expect((await world.standing()).root.version).toBe(2);
  expect(await names()).toEqual([tag('1'), digest('a')].sort());
});
