import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ALONE,
  ANNA,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  DAY,
  LIFETIMES,
  NAME,
  NOW,
  ONLINE,
  person,
  type Person,
  quorum,
  ROOT,
  SECOND,
  signedBy,
  TWO_OF_THREE,
  withdrawal,
} from '../../../test/approvals.ts';
import { everything } from '../../../test/approvals-model.ts';
import { disk, reset } from '../../../test/failing-disk.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { lockFile } from '../../state/sqlite/lock.ts';
import type { Change } from '../edit/change.ts';
import type { Made } from '../proposal/make-proposal.ts';
import { FIRST_KEY_FILES } from './first-keys.ts';
import { OwnRepository, type OwnRepositoryOptions } from './own-repository.ts';
import { treesOf } from './tree.ts';

vi.mock('node:fs/promises', async (real) => {
  const { failing } = await import('../../../test/failing-disk.ts');
  return failing(await real());
});

let world: ApprovalsWorld;
afterEach(() => {
  reset();
  world.dispose();
});

const names = async (): Promise<readonly string[]> => [...(await everything(await world.standing())).keys()].sort();
const error = async (work: Promise<unknown>): Promise<readonly [string, string]> => {
  const thrown: unknown = await work.then(
    () => 'done',
    (cause: unknown) => cause,
  );
  return thrown === 'done' ? ['done', ''] : [codeOf(thrown), messageOf(thrown)];
};

/** The repository as the gate keeps it, beside the world's own ways into the same folder. */
function own(over: Partial<OwnRepositoryOptions> = {}): OwnRepository {
  const source = {
    kind: 'tuf',
    name: NAME,
    location: { kind: 'folder', path: world.folder },
    root: { kind: 'root-file', file: join(world.folder, 'root.json'), bytes: new Uint8Array() },
    target: '',
    targetDigest: '',
    publish: { folder: world.folder, keys: join(world.path, 'keys'), lifetimes: LIFETIMES },
  } as unknown as OwnRepository['source'];
  const online = (keyIds: readonly string[]): Promise<Person> =>
    Promise.resolve(people.find(({ keyId }) => keyIds.includes(keyId))!);
  return new OwnRepository({ source, now: () => world.now, online, lock: lockFile, ...over });
}
const people = [ONLINE, person('online two')];

describe('what is published', () => {
  test('verifies, and begins at the root that root.json is', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const files = world.files();
    expect([...files.keys()].sort().filter((name) => !name.includes('bulk'))).toEqual([
      '1.root.json',
      '1.snapshot.json',
      '1.targets.json',
      'root.json',
      'timestamp.json',
    ]);
    expect(files.get('root.json')).toEqual(files.get('1.root.json'));
    const { timestamp, snapshot } = await world.standing();
    expect([timestamp.expires, snapshot.expires]).toEqual([NOW + SECOND + DAY, NOW + SECOND + 7 * DAY]);
  });

  test('keeps what it replaces for whoever is reading, all roots, and nothing older', async () => {
    world = await ApprovalsWorld.make(ALONE);
    for (let at = 0; at < 3; at++)
      await world.change(authorization('root', quorum(1, ROOT)), { kind: 'renew', endingBefore: Infinity });
    const all = [...world.files().keys()];
    for (const role of ['targets', 'bulk', 'bulk-0', 'snapshot'])
      expect(all.filter((name) => name.endsWith(`.${role}.json`)).sort()).toEqual([`3.${role}.json`, `4.${role}.json`]);
    expect(all.filter((name) => name.endsWith('.root.json'))).toHaveLength(4);
  });

  test('a role that is gone keeps its last file: its version must not be lost', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.signers = [...world.signers, BEN];
    await world.change({ kind: 'delegate', role: 'team', names: ['reg.example/x'], ...quorum(1, BEN) });
    await world.change({ kind: 'undelegate', role: 'team', keep: true });
    await world.change(approval('1', 'a'));
    expect((await world.standing()).snapshot.meta.get('team')).toBe(1);
  });
});

describe('refused, and nothing is changed', () => {
  test('without the signatures that it takes', async () => {
    world = await ApprovalsWorld.make(TWO_OF_THREE);
    const before = world.files();
    const made = await signedBy(await world.propose(approval('1', 'a')), ANNA);
    expect(await error(world.publish(made))).toEqual([
      'trust.threshold',
      expect.stringMatching(/1 of the 2 signatures of the keys of bulk.*tufgate approvals sign/),
    ]);
    expect(world.files()).toEqual(before);
  });

  test('with an online key that the root does not name', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const before = world.files();
    world.online = person('other');
    expect((await error(world.change(approval('1', 'a'))))[0]).toMatch(/^trust\./);
    world.online = {
      keyId: ONLINE.keyId,
      sign: () => Promise.reject(new TufgateError('approvals.key', 'the token is gone')),
    };
    expect(await error(world.change(approval('1', 'a')))).toEqual(['approvals.key', 'the token is gone']);
    expect(world.files()).toEqual(before);
  });

  test('a second repository in the place of the first', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const other = new ApprovalsWorld(ALONE);
    const made = await signedBy(await other.propose({ kind: 'create', ...everyRole(ANNA) }), ANNA);
    expect((await error(world.publish(made)))[0]).toBe('approvals.stale');
    expect((await error(own().publish(made)))[0]).toBe('approvals.stale');
    other.dispose();
  });
});

function everyRole(who: Person): Omit<Extract<Change, { kind: 'create' }>, 'kind'> {
  const one = quorum(1, who);
  return { root: one, targets: one, bulk: one, snapshot: quorum(1, ONLINE), timestamp: quorum(1, ONLINE) };
}

describe('two that begin from one state', () => {
  const proposed = async (...changes: readonly Change[]): Promise<Made> =>
    signedBy(await world.propose(...changes), ...world.signers);

  test('in the same file: the second is told, proposes again, and both approvals stand', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const [first, second] = [
      await proposed(approval('1', 'a')),
      await proposed(approval('1', 'b', { repository: 'reg.example/two' }), approval('2', 'a')),
    ];
    await world.publish(first);
    expect(await error(world.publish(second))).toEqual([
      'approvals.stale',
      expect.stringMatching(/somebody else published.*rebase/),
    ]);
    await world.publish(await proposed(...second.proposal.changes));
    expect((await names()).filter((name) => !name.includes('@'))).toEqual([
      'reg.example/acme/app:1',
      'reg.example/acme/app:2',
      'reg.example/two:1',
    ]);
  });

  test('at the same instant: one of them is stale, and no approval is lost', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const repository = own();
    const changes = ['a', 'b', 'c', 'd'].map((each) => approval(each, 'same'));
    const made = await Promise.all(changes.map((each) => proposed(each)));
    const outcomes = await Promise.all(made.map((each) => error(repository.publish(each))));
    expect(outcomes.map(([code]) => code).sort()).toEqual([
      'approvals.stale',
      'approvals.stale',
      'approvals.stale',
      'done',
    ]);
    for (const [at, [code]] of outcomes.entries())
      if (code !== 'done') await repository.publish(await proposed(changes[at]!));
    expect(await names()).toHaveLength(5);
  });

  test('a withdrawal goes before an approval that was proposed earlier', async () => {
    world = await ApprovalsWorld.make(ALONE);
    await world.change(approval('1', 'a'));
    const earlier = await proposed(approval('2', 'a'));
    await world.change(withdrawal('a'));
    expect((await error(world.publish(earlier)))[0]).toBe('approvals.stale');
    expect((await error(proposed(approval('2', 'a'))))[0]).toBe('trust.withdrawn');
  });

  test('in files that have nothing to do with each other both are published', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.signers = [...world.signers, BEN];
    await world.change({ kind: 'delegate', role: 'team', names: ['reg.example/acme/app'], ...quorum(1, BEN) });
    const [team, bins] = [
      await proposed(approval('1', 'a')),
      await proposed(approval('1', 'a', { repository: 'reg.example/two' })),
    ];
    await world.publish(team);
    await world.publish(bins);
    expect(await names()).toHaveLength(4);
  });

  test('a timestamp that was signed anew meanwhile is nobody’s loss', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await proposed(approval('1', 'a'));
    world.now += 6 * DAY;
    await own().keepFresh();
    await world.publish(made);
    expect((await world.standing()).timestamp.version).toBe(3);
  });

  test('on a state that was lost, and whose versions others have published since: nothing of theirs is undone', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const backup = world.files();
    await world.change(approval('1', 'a', { by: 'somebody' }));
    const made = await proposed(approval('2', 'a'));
    rmSync(world.folder);
    mkdirSync(world.folder);
    for (const [name, bytes] of backup) writeFileSync(join(world.folder, name), bytes);
    await world.change(approval('1', 'a'));
    expect(await error(world.publish(made))).toEqual([
      'approvals.stale',
      expect.stringMatching(/is not the file on which this was proposed.*rebase/),
    ]);
    expect(await names()).not.toContain('reg.example/acme/app:2');
  });

  test('what was published is known as that, until something else is', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await proposed(approval('1', 'a'));
    expect(await own().published(made)).toBe(false);
    await world.publish(made);
    expect(await own().published(made)).toBe(true);
    // The same versions, and not the same content.
    world.now += SECOND;
    expect(await own().published({ ...made, documents: (await world.propose(approval('1', 'a'))).documents })).toBe(
      false,
    );
    await world.change(approval('2', 'a'));
    expect(await own().published(made)).toBe(false);
  });

  test('another root meanwhile: who proposed a root before is told', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.signers = [ROOT, ANNA, BEN];
    const made = await proposed(authorization('root', quorum(1, ROOT, BEN)));
    await world.change(authorization('root', quorum(2, ROOT, ANNA)));
    expect(await error(world.publish(made))).toEqual([
      'approvals.stale',
      expect.stringContaining('root went on to version 2'),
    ]);
  });
});

describe.each([
  ['one step fails, as on a full disk', false],
  ['everything ends there, as with kill -9', true],
])('%s', (_, dead) => {
  test(
    'at any step: the repository before or the one after, whole, and the next approval is published',
    { timeout: 120_000 },
    async () => {
      world = await ApprovalsWorld.make(ALONE);
      reset();
      await world.change(approval('t', 'first'));
      const { steps } = disk;
      let [old, done] = [0, 0];
      // Reading is most of it: each third of the steps is tried, another third in the other way of failing.
      for (let at = dead ? 1 : 2; at <= steps; at += 3) {
        const before = await names();
        world.now += SECOND;
        const made = await signedBy(await world.propose(approval('t', `s${at}`)), ...world.signers);
        reset(at, dead);
        const outcome = await world.publish(made).then(
          () => 'done',
          () => 'failed',
        );
        reset();
        const after = await names();
        const moved = String(after) !== String(before);
        if (outcome === 'done') expect(moved).toBe(true);
        if (moved) done++;
        else old++;
        const served = new Set(readdirSync(world.folder));
        for (const [role, version] of (await world.standing()).snapshot.meta)
          expect(served.has(`${version}.${role}.json`)).toBe(true);
        await world.change(approval('n', `n${at}`));
      }
      expect(old).toBeGreaterThan(5);
      expect(done).toBeGreaterThan(0);
    },
  );
});

describe('kept fresh', () => {
  test('the timestamp at half its life, and no earlier; the snapshot at half of its own', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const repository = own();
    const made = world.now;
    const versions = async (): Promise<readonly number[]> => {
      const { timestamp, snapshot } = await repository.standing();
      return [timestamp.version, snapshot.version];
    };
    expect(await repository.keepFresh()).toBe(made + DAY / 2);
    world.now = made + DAY / 2 - 1;
    expect([await repository.keepFresh(), await versions()]).toEqual([made + DAY / 2, [1, 1]]);
    world.now = made + DAY / 2;
    expect([await repository.keepFresh(), await versions()]).toEqual([made + DAY, [2, 1]]);
    world.now = made + 3.5 * DAY;
    await repository.keepFresh();
    expect(await versions()).toEqual([3, 2]);
    const { timestamp, snapshot } = await repository.standing();
    expect([timestamp.expires - world.now, snapshot.expires - world.now]).toEqual([DAY, 7 * DAY]);
  });

  test('long after all has ended, as a gate that was off', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.now += 300 * DAY;
    await own().keepFresh();
    const { timestamp, snapshot } = await world.standing();
    expect([timestamp.expires > world.now, snapshot.expires > world.now]).toEqual([true, true]);
  });

  test('nothing that people signed is touched', async () => {
    world = await ApprovalsWorld.make(ALONE);
    await world.change(approval('1', 'a'));
    const before = world.files();
    world.now += 5 * DAY;
    await own().keepFresh();
    for (const [name, bytes] of world.files())
      if (!/snapshot|timestamp/.test(name)) expect(bytes).toEqual(before.get(name));
  });

  test('what has not been made is not due', async () => {
    world = new ApprovalsWorld(ALONE);
    expect(await own().keepFresh()).toBeUndefined();
    expect(await error(own().standing())).toEqual([
      'trust.no-root',
      expect.stringMatching(/npm start.*approvals init/),
    ]);
    expect((await error(own().propose([approval('1', 'a')])))[0]).toBe('trust.no-root');
  });

  test('with the key that the newest root names', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const two = person('online two');
    const asked: string[][] = [];
    const online = (keyIds: readonly string[]): Promise<Person> => {
      asked.push([...keyIds]);
      return Promise.resolve(people.find(({ keyId }) => keyIds.includes(keyId))!);
    };
    world.online = two;
    await world.change(authorization('timestamp', quorum(1, two)), authorization('snapshot', quorum(1, two)));
    world.now += DAY;
    await own({ online }).keepFresh();
    expect(asked).toEqual([[two.keyId]]);
  });

  test('somebody who publishes holds the lock: it waits, and what was signed meanwhile is not signed again', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.now += DAY;
    let [held, released] = [true, 0];
    const lock = (file: string): (() => void) | undefined => {
      expect(file).toBe(join(treesOf(world.folder), 'publish.lock'));
      return held ? undefined : () => released++;
    };
    const fresh = own({ lock }).keepFresh();
    await world.change(approval('1', 'a'));
    held = false;
    expect(await fresh).toBe(world.now + DAY / 2);
    expect([released, (await world.standing()).timestamp.version]).toEqual([1, 2]);
  });

  test('the lock is given back, whatever came of it', async () => {
    world = await ApprovalsWorld.make(ALONE);
    world.now += DAY;
    const broken = own({ online: () => Promise.reject(new TufgateError('approvals.key', 'no key')) });
    for (let again = 0; again < 2; again++)
      expect(await error(broken.keepFresh())).toEqual(['approvals.key', 'no key']);
    await own().keepFresh();
    expect((await world.standing()).timestamp.version).toBe(2);
  });
});

describe('the first keys', () => {
  let keys: string;
  beforeEach(() => (keys = mkdtempSync(join(tmpdir(), 'tufgate-keys-'))));
  afterEach(() => rmSync(keys, { recursive: true }));

  test(
    'a repository with one signer is made of them; a start that was killed goes on where it was',
    { timeout: 60_000 },
    async () => {
      const { Passphrases } = await import('../keys/passphrase.ts');
      const { firstKeys } = await import('./first-keys.ts');
      const { makeRepository } = await import('./make-repository.ts');
      const { openSigner } = await import('../keys/open-signer.ts');
      const { PassThrough } = await import('node:stream');
      world = new ApprovalsWorld(ALONE);
      const env = { TUFGATE_PASSPHRASE: 'correct horse battery' };
      const passphrases = new Passphrases({ env, keyboard: new PassThrough(), say: () => undefined });
      const first = await firstKeys(keys, passphrases);
      for (const file of Object.values(FIRST_KEY_FILES)) expect(readdirSync(keys)).toContain(file);
      for (const name of ['root', 'signer'] as const)
        expect(readFileSync(join(keys, FIRST_KEY_FILES[name]), 'utf8')).toContain('ENCRYPTED');
      rmSync(join(keys, FIRST_KEY_FILES.online));
      rmSync(join(keys, `${FIRST_KEY_FILES.online.replace(/\.pem$/, '')}.pub`), { force: true });
      for (const name of readdirSync(keys)) if (name.startsWith('online')) rmSync(join(keys, name));
      const again = await firstKeys(keys, passphrases);
      expect([again.root.keyId, again.signer.keyId]).toEqual([first.root.keyId, first.signer.keyId]);
      expect(again.online.keyId).not.toBe(first.online.keyId);

      const online = (): ReturnType<OwnRepositoryOptions['online']> =>
        openSigner(join(keys, FIRST_KEY_FILES.online), { env, passphrases });
      const repository = own({ online });
      Object.assign(repository.source.publish, { keys });
      await makeRepository(repository, { env, passphrases });
      const { root } = await repository.standing();
      expect([root.roles.root.keyIds, root.roles.targets.keyIds, root.roles.timestamp.keyIds]).toEqual([
        [again.root.keyId],
        [again.signer.keyId],
        [again.online.keyId],
      ]);
      expect((await error(makeRepository(repository, { env, passphrases })))[0]).toBe('approvals.stale');
    },
  );
});
