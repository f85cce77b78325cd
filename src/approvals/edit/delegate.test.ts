import { afterEach, describe, expect, test } from 'vitest';
import {
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  BEN,
  CARLA,
  hex,
  type Person,
  quorum,
  ROOT,
  withdrawal,
} from '../../../test/approvals.ts';
import { everything } from '../../../test/approvals-model.ts';
import { code } from '../../../test/thrown.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { DelegatedRole } from '../document/documents.ts';
import { digestTarget, tagTarget } from '../document/names.ts';
import type { Delegate } from './change.ts';
import { patternsOf } from './patterns.ts';

let world: ApprovalsWorld;
afterEach(() => world.dispose());

const open = async (...signers: readonly Person[]): Promise<ApprovalsWorld> => {
  world = await ApprovalsWorld.make();
  world.signers = [ROOT, ANNA, ...signers];
  return world;
};

const delegation = (role: string, who: Person, ...names: readonly string[]): Delegate => ({
  kind: 'delegate',
  role,
  names,
  ...quorum(1, who),
});

async function roles(): Promise<readonly DelegatedRole[]> {
  const { delegations } = (await (await world.standing()).role('targets'))!.document;
  return delegations?.kind === 'roles' ? delegations.roles : [];
}

/** Which role says what, bins as one. */
async function places(): Promise<Record<string, string>> {
  const all = [...(await everything(await world.standing()))];
  return Object.fromEntries(all.map(([target, { role }]) => [target, role.replace(/^bulk-.*/, 'bulk')]));
}

const tag = (repository: string, name = '1'): string => tagTarget(repository, name);
const digest = (repository: string, content = 'a'): string => digestTarget(repository, hex(content));
const OTHER = 'reg.example/other/thing';

describe('delegate', () => {
  test('what was approved there moves, with its withdrawals, and all of it is signed by the owners', async () => {
    await open(BEN);
    await world.change(approval('1', 'a'), approval('1', 'a', { repository: OTHER }), withdrawal('w'));
    await world.change(delegation('team', BEN, APP));
    expect(await places()).toEqual({
      [tag(APP)]: 'team',
      [digest(APP)]: 'team',
      [digest(APP, 'w')]: 'team',
      [tag(OTHER)]: 'bulk',
      [digest(OTHER)]: 'bulk',
    });
    expect((await (await world.standing()).role('team'))?.signers).toEqual([BEN.keyId]);
    await world.changeAs([BEN], approval('2', 'b'));
    expect(await world.changeAs([ANNA], approval('3', 'b')).catch(codeOf)).toBe('trust.threshold');
    expect((await places())[tag(APP, '2')]).toBe('team');
  });

  test('one repository comes before a namespace, a smaller one before a larger, and the bins are last', async () => {
    await open(BEN);
    await world.change(
      delegation('all', BEN, 'reg.example/**'),
      delegation('acme', BEN, 'reg.example/acme/*'),
      delegation('deep', BEN, 'reg.example/acme/**'),
      delegation('app', BEN, APP),
      delegation('other', BEN, 'docker.io/library/nginx', 'docker.io/library/redis'),
    );
    const found = await roles();
    expect(found.map(({ name }) => name)).toEqual(['app', 'other', 'acme', 'deep', 'all', 'bulk']);
    expect(found[0]?.paths).toEqual({ kind: 'patterns', of: [`${APP}:*`, `${APP}@*`] });
    expect(found.at(-1)?.paths).toEqual({ kind: 'hash-prefixes', of: Array.from('0123456789abcdef') });
    const text = Buffer.from((await (await world.standing()).role('targets'))!.bytes).toString();
    expect(text.match(/"terminating":true/g)).toHaveLength(6);
    expect(text).not.toContain('"terminating":false');
  });

  test('a larger namespace takes nothing from a role that comes before it: there it would be looked for', async () => {
    await open(BEN, CARLA);
    await world.change(approval('1', 'a'), approval('1', 'a', { repository: 'reg.example/acme/two' }));
    await world.change(delegation('app', BEN, APP));
    await world.change(delegation('acme', CARLA, 'reg.example/acme/*'));
    expect(await places()).toEqual({
      [tag(APP)]: 'app',
      [digest(APP)]: 'app',
      [tag('reg.example/acme/two')]: 'acme',
      [digest('reg.example/acme/two')]: 'acme',
    });
    await world.changeAs([BEN], approval('2', 'a'));
    expect((await places())[tag(APP, '2')]).toBe('app');
  });

  test('a repository out of the namespace of others: they sign what they lose', async () => {
    await open(BEN, CARLA);
    await world.change(delegation('acme', CARLA, 'reg.example/acme/*'));
    await world.changeAs([CARLA], approval('1', 'a'));
    const without = world.changeAs([ANNA, BEN], delegation('app', BEN, APP));
    expect(await without.catch(messageOf)).toContain('0 of the 1 signatures of the keys of acme');
    await world.change(delegation('app', BEN, APP));
    expect(await places()).toEqual({ [tag(APP)]: 'app', [digest(APP)]: 'app' });
  });

  test('a thief of its key gives a role bins: the role stays in charge, and keeps what it says', async () => {
    await open(BEN);
    await world.change(delegation('team', BEN, APP));
    await world.change(approval('1', 'a'));
    const keys = new Map([[CARLA.keyId, CARLA.entry]]);
    const bins = { prefix: 'hidden', bits: 4, keyIds: [CARLA.keyId], threshold: 1 };
    await world.forge('team', BEN, () => ({ delegations: { kind: 'bins', keys, bins } }));
    await world.change(approval('2', 'a'));
    expect(await places()).toEqual({ [tag(APP)]: 'team', [tag(APP, '2')]: 'team', [digest(APP)]: 'team' });
  });

  test('who approved it before it moved is still known', async () => {
    await open(BEN);
    await world.change(approval('1', 'a'));
    await world.change(delegation('team', BEN, APP));
    await world.change({ kind: 'undelegate', role: 'team', keep: true });
    expect((await everything(await world.standing())).get(tag(APP))?.entry.word).toHaveProperty('keys', [ANNA.keyId]);
    await world.change(delegation('team', BEN, APP));
    await world.changeAs([BEN], approval('2', 'b'));
    await world.change({ kind: 'undelegate', role: 'team', keep: true });
    expect((await everything(await world.standing())).get(tag(APP, '2'))?.entry.word).toHaveProperty('keys', [
      BEN.keyId,
    ]);
  });

  test.each([['bulk'], ['bulk-1'], ['targets'], ['a/b'], ['A'], ['']])('%j is no name for a role', async (role) => {
    await open();
    expect(await world.change(delegation(role, BEN, APP)).catch(messageOf)).toContain('cannot be the name of a role');
  });

  test('what cannot be meant is said, and nothing is made of it', async () => {
    await open(BEN);
    await world.change(delegation('team', BEN, APP));
    expect(await world.change(delegation('team', BEN, OTHER)).catch(messageOf)).toContain(
      'there is a role team already',
    );
    expect(await world.change(delegation('none', BEN)).catch(messageOf)).toContain('in charge of nothing');
    const twice = { ...delegation('two', BEN, OTHER), ...quorum(2, BEN, BEN) };
    expect(await world.change(twice).catch(messageOf)).toContain('one key is named twice');
    const short = { ...delegation('two', BEN, OTHER), ...quorum(2, BEN) };
    expect(await world.change(short).catch(messageOf)).toContain('a threshold of 2 needs as many keys');
    expect(await world.change({ ...short, threshold: 0 }).catch(codeOf)).toBe('usage');
    expect((await roles()).map(({ name }) => name)).toEqual(['team', 'bulk']);
  });
});

describe('undelegate', () => {
  test('what it approved moves to who is in charge then', async () => {
    await open(BEN, CARLA);
    await world.change(delegation('acme', CARLA, 'reg.example/acme/*'), delegation('app', BEN, APP));
    await world.changeAs([BEN], approval('1', 'a'));
    await world.change({ kind: 'undelegate', role: 'app', keep: true });
    expect(await places()).toEqual({ [tag(APP)]: 'acme', [digest(APP)]: 'acme' });
    await world.change({ kind: 'undelegate', role: 'acme', keep: true });
    expect(await places()).toEqual({ [tag(APP)]: 'bulk', [digest(APP)]: 'bulk' });
  });

  test('or ends; what was withdrawn stays so', async () => {
    await open(BEN);
    await world.change(delegation('app', BEN, APP));
    await world.changeAs([BEN], approval('1', 'a'), withdrawal('w'));
    await world.change({ kind: 'undelegate', role: 'app', keep: false });
    expect(await places()).toEqual({ [digest(APP, 'w')]: 'bulk' });
    expect(await world.change(approval('1', 'w')).catch(codeOf)).toBe('trust.withdrawn');
  });

  test('keys that nobody needs any more go, others stay', async () => {
    await open(BEN, CARLA);
    await world.change(delegation('app', BEN, APP), delegation('two', CARLA, OTHER));
    await world.change({ kind: 'undelegate', role: 'app', keep: true });
    const { delegations } = (await (await world.standing()).role('targets'))!.document;
    expect([...delegations!.keys.keys()].sort()).toEqual([ANNA.keyId, CARLA.keyId].sort());
  });

  test('a role that comes back goes on in its versions', async () => {
    await open(BEN);
    await world.change(delegation('app', BEN, APP));
    await world.changeAs([BEN], approval('1', 'a'));
    await world.change({ kind: 'undelegate', role: 'app', keep: true });
    expect((await world.standing()).snapshot.meta.get('app')).toBe(2);
    expect(await (await world.standing()).role('app')).toBeUndefined();
    await world.change(delegation('app', CARLA, APP)).catch(() => undefined);
    world.signers = [...world.signers, CARLA];
    await world.change(delegation('app', CARLA, APP));
    expect((await world.standing()).snapshot.meta.get('app')).toBe(3);
  });

  test.each(['bulk', 'nobody'])('not %s', async (role) => {
    await open();
    const error = await world.change({ kind: 'undelegate', role, keep: true }).catch(messageOf);
    expect(error).toContain('there is no role');
  });
});

describe('what a name stands for', () => {
  test.each([
    ['docker.io/library/nginx', ['docker.io/library/nginx:*', 'docker.io/library/nginx@*']],
    ['localhost:5000/a', ['localhost:5000/a:*', 'localhost:5000/a@*']],
    ['ghcr.io/acme/*', ['ghcr.io/acme/*']],
    ['ghcr.io/*', ['ghcr.io/*']],
  ])('%s', (name, patterns) => expect(patternsOf(name)).toEqual(patterns));

  test('all below, six deep', () => {
    expect(patternsOf('ghcr.io/**')).toEqual([1, 2, 3, 4, 5, 6].map((depth) => `ghcr.io${'/*'.repeat(depth)}`));
  });

  test.each([
    '',
    'nginx',
    'docker.io',
    'docker.io/',
    'docker.io/A',
    '*',
    '**',
    'a/*/b',
    'a/b*',
    'a/b/***',
    '/a',
    'a/[b]',
    'a/b:1',
    '[::1]:5000/a',
    'a//*',
  ])('%j stands for nothing', (name) => expect(code(() => patternsOf(name))).toBe('usage'));
});
