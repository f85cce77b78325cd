import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  type Forgery,
  hex,
  type Person,
  quorum,
  ROOT,
} from '../../../test/approvals.ts';
import type { Entry, TargetsDocument } from '../document/documents.ts';
import { digestTarget, tagTarget } from '../document/names.ts';
import { explain } from '../proposal/explain.ts';
import { explanationLines } from '../proposal/explain-words.ts';
import type { Change } from './change.ts';

/** The attacker has the server with its online key, and Ben's, which signs for one owners' role. */
const TEAM_APP = 'reg.example/team/app';
let world: ApprovalsWorld;

beforeEach(async () => {
  world = await ApprovalsWorld.make();
  world.signers = [ROOT, ANNA, BEN];
  await world.change({ kind: 'delegate', role: 'team', names: [TEAM_APP], ...quorum(1, BEN) });
  await world.change(approval('1', 'good'), approval('1', 'own', { repository: TEAM_APP }));
});
afterEach(() => world.dispose());

const forge = (role: string, who: Person, edit: Forgery): Promise<void> => world.forge(role, who, edit);
const stray = (content: string): Entry => ({
  length: 1_000 + content.length,
  sha256: hex(content),
  word: { kind: 'approval', at: world.now, by: 'anna', evidence: [] },
});
const withStray = (target: string, content: string) => (said: TargetsDocument) => ({
  targets: new Map(said.targets).set(target, stray(content)),
});
const lines = async (...changes: readonly Change[]): Promise<string> =>
  explanationLines(await explain(await world.propose(...changes))).join('\n');
const targetsOf = async (role: string): Promise<readonly string[]> => [
  ...(await (await world.standing()).role(role))!.document.targets.keys(),
];

describe('a name of others in the file of a role', () => {
  test('hides no change of what the role in charge says', async () => {
    await forge('team', BEN, withStray(tagTarget(APP, '1'), 'evil'));
    const told = await lines(approval('1', 'evil'), approval('2', 'x', { repository: TEAM_APP }));
    expect(told).toContain(`Approve: ${APP}:1 is sha256:${hex('evil')}`);
    expect(told).toContain(`instead of sha256:${hex('good')}`);
  });

  test('is not signed again', async () => {
    await forge('team', BEN, withStray(tagTarget(APP, '9'), 'evil'));
    await world.change(approval('2', 'x', { repository: TEAM_APP }));
    expect(await targetsOf('team')).not.toContain(tagTarget(APP, '9'));
    expect(await targetsOf('team')).toContain(tagTarget(TEAM_APP, '1'));
  });

  test('does not begin to count when the role that was in charge goes', async () => {
    const holder = await (await world.propose(approval('9', 'x'))).draft.holder(tagTarget(TEAM_APP, '9'));
    expect(holder).toBe('team');
    await world.change({ kind: 'undelegate', role: 'team', keep: true });
    const bin = await (await world.propose(approval('9', 'x'))).draft.holder(tagTarget(TEAM_APP, '9'));
    await world.change({ kind: 'delegate', role: 'team', names: [TEAM_APP], ...quorum(1, BEN) });
    await forge(bin, ANNA, withStray(tagTarget(TEAM_APP, '9'), 'evil'));
    await world.change({ kind: 'undelegate', role: 'team', keep: false });
    expect(await targetsOf(bin)).not.toContain(tagTarget(TEAM_APP, '9'));
  });

  test('takes nothing from the role in charge when its key is distrusted', async () => {
    const word = { kind: 'named', tags: ['nobody'] } as const;
    const target = digestTarget(APP, hex('good'));
    await forge('team', BEN, (said) => ({
      targets: new Map(said.targets).set(target, { ...stray('good'), word }),
    }));
    world.signers = [ROOT, ANNA, CARLA];
    await world.change(authorization('team', quorum(1, BEN, CARLA), CARLA));
    const { draft } = await world.propose(approval('7', 'x'));
    expect((await draft.entry(target))?.word).toMatchObject({ kind: 'named', tags: ['1'] });
  });
});

test('a delegation that a thief left behind ends when the role is signed anew, and that is told', async () => {
  const evil = { name: 'evil', paths: { kind: 'patterns', of: [`${TEAM_APP}:*`] } } as const;
  const keys = new Map([[CARLA.keyId, CARLA.entry]]);
  const roles = [{ ...evil, keyIds: [CARLA.keyId], threshold: 1 }];
  await forge('team', BEN, () => ({ delegations: { kind: 'roles', keys, roles } }));
  const recovery = authorization('team', quorum(1, ANNA), BEN);
  expect(await lines(recovery)).toContain('The role team > evil is taken away (1 of 1 key).');
  world.signers = [ANNA];
  await world.change(recovery);
  expect((await (await world.standing()).role('team'))!.document.delegations).toBeUndefined();
});
