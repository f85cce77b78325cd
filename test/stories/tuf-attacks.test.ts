import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { DAY, type GateWorld, START } from './gate-world.ts';
import { MINUTE, type Opening, PATHS, REPOSITORY, TARGET, TufWorld } from './tuf-world.ts';

/** Who holds a key of one role, or the network, and what they get for it. What was revoked is in `tuf-revoked.test.ts`. */
const evil = tufKey('ed25519', 'evil');
/** All that a role of the attacker's own is delegated. */
const ELSEWHERE = { paths: ['reg.example/acme/evil:*'] };
let world: TufWorld;
const open = async (opening: Opening = {}): Promise<TufWorld> => (world = await TufWorld.open(opening));

afterEach(() => world.close());

test.each([
  ['that no rule delegates to at the top', []],
  ['that is delegated to at the top for other names', ['reg.example/acme/internal:*']],
])(
  'a delegator makes a role of its own of the name of a signer %s: it never counts as that signer',
  async (_, paths) => {
    const { approvals } = await open({
      rule: 'require: [{ source: approvals, signers: [qa] }]',
      layout: (made) => {
        made.delegate('dev', { paths: PATHS });
        if (paths.length > 0) made.delegate('qa', { paths });
        return made.delegate('qa', { by: 'dev', paths: PATHS, keys: [evil] });
      },
    });
    world.approve(TARGET, 'qa');
    approvals.of('qa').signers = [evil];
    approvals.publish();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.signer-missing']);
  },
);

test('another delegator takes the name of a nested signer: "org > qa" goes on naming the one that org delegates to', async () => {
  const { approvals, gate } = await open({
    rule: 'require: [{ source: approvals, signers: ["org > qa"] }]',
    layout: (made) =>
      made
        .delegate('dev', { paths: PATHS })
        .delegate('org', { paths: PATHS })
        .delegate('qa', { by: 'org', paths: PATHS })
        .delegate('qa', { by: 'dev', paths: PATHS, keys: [evil] }),
  });
  approvals.of('qa').signers = approvals.authority('qa', 'org').keys;
  world.approve(TARGET, 'qa').publish();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  world.move('evil', 'qa');
  approvals.of('qa').signers = [evil];
  approvals.publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([403, 'trust.signature']);
});

test.each([
  ['has expired', 'trust.expired'],
  ['is withheld', 'trust.hash'],
])('two of three signers are enough when the file of the third %s, and one is not', async (how, reason) => {
  const roles = ['qa', 'security', 'legal'];
  const { approvals, gate } = await open({
    rule: 'require: [{ source: approvals, signers: { at_least: 2, of: [qa, security, legal] } }]',
    layout: (made) => roles.reduce((all, role) => all.delegate(role, { paths: PATHS }), made),
  });
  if (how === 'has expired') approvals.touch('legal').of('legal').expires = START + MINUTE;
  world.approve(TARGET, 'qa').publish();
  if (how === 'is withheld') approvals.files.drop(approvals.fileOf('legal'));
  await world.pull('1.0');
  world.later();
  expect(await world.outcome('1.0')).toEqual([403, reason]);
  world.approve(TARGET, 'security').publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
});

test('forty images of somebody else share the base layer of an image signed by digest: its layers are served all the same', async () => {
  const { approvals, gate } = await open();
  const made = (repository: string, count: number) =>
    Array.from({ length: count }, (_, i) =>
      gate.registry.addImage({ repository, tag: `t${i}`, layers: [Buffer.from('base')], config: { repository, i } }),
    );
  // The one whose digest comes late in any order of digests.
  const [image] = made('acme/app', 8).sort((a, b) => (a.digest < b.digest ? 1 : -1));
  approvals.put(`${REPOSITORY}@${image!.digest}`, { digest: image!.digest, length: image!.size });
  made('acme/other', 40).forEach(({ digest, size }, i) =>
    approvals.put(`reg.example/acme/other:t${i}`, { digest, length: size }),
  );
  approvals.publish();
  for (let i = 0; i < 40; i++) await world.pull(`t${i}`, 'acme/other');
  expect(await world.outcome(image!.digest)).toEqual([200, image!.digest]);
  expect((await gate.get(`/v2/acme/app/blobs/${image!.config}`)).status).toBe(200);
  expect((await gate.get(`/v2/acme/app/blobs/${image!.layers[0]!}`)).status).toBe(200);
});

test('twenty images signed by digest were withdrawn, and share the base layer of one that was not: its layers are served', async () => {
  const { approvals, gate } = await open();
  const images = Array.from({ length: 21 }, (_, i) =>
    gate.registry.addImage({ repository: 'acme/app', tag: `t${i}`, layers: [Buffer.from('base')], config: { i } }),
  ).sort((a, b) => (a.digest < b.digest ? -1 : 1));
  for (const { digest, size } of images) approvals.put(`${REPOSITORY}@${digest}`, { digest, length: size });
  approvals.publish();
  for (const { digest } of images) {
    world.later(1_000);
    expect(await world.outcome(digest)).toEqual([200, digest]);
  }
  const last = images.pop()!;
  for (const { digest } of images) approvals.remove(`${REPOSITORY}@${digest}`);
  approvals.publish();
  world.later();
  expect((await gate.get(`/v2/acme/app/blobs/${last.layers[0]!}`)).status).toBe(200);
});

test('a role lists 300 tags of a repository that is not its own: a pull by digest finds the owner among them', async () => {
  const { gate } = await open({
    layout: (made) => made.delegate('evil', ELSEWHERE).delegate('owner', { paths: PATHS }),
  });
  for (let i = 0; i < 300; i++) world.approve(`${REPOSITORY}:x${i}`, 'evil');
  world.approve(TARGET, 'owner').publish();
  await world.pull('any', 'acme/evil');
  await world.pull('1.1');
  expect(await world.outcome(gate.image.digest)).toEqual([200, gate.image.digest]);
  expect((await gate.get(`/v2/acme/app/blobs/${gate.image.layers[0]!}`)).status).toBe(200);
});

test('a role that nobody believes lists 300 tags of its delegator: what was given out for a tag is found by digest', async () => {
  const { gate } = await open({
    layout: (made) => made.delegate('owner', { paths: PATHS }).delegate('bulk', { paths: PATHS }),
  });
  const { digest } = gate.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [Buffer.from('two')] });
  for (let i = 0; i < 300; i++) {
    world.approve(`${REPOSITORY}:x${i}`, 'bulk');
    world.approvals.put(`${REPOSITORY}:x${i}`, { digest, length: 1 }, 'owner');
  }
  world.approve(TARGET, 'bulk').publish();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  expect(await world.outcome(gate.image.digest)).toEqual([200, gate.image.digest]);
});

test('a role lists 50 tags that another one speaks for: a list of tags asks the upstream about none of them', async () => {
  const { gate } = await open({
    layout: (made) =>
      made.delegate('qa', { paths: [`${REPOSITORY}:1.*`], terminating: true }).delegate('bulk', { paths: PATHS }),
  });
  for (let i = 0; i < 50; i++) world.approve(`${REPOSITORY}:1.x${i}`, 'bulk');
  world.approve(`${REPOSITORY}:2.0`, 'bulk').publish();
  expect(await listed(gate)).toEqual({ tags: ['2.0'], upstream: 0 });
});

test('a role of Notary that nobody believes lists 50 tags: a list of tags asks the upstream about none of them', async () => {
  const { gate } = await open({ rule: 'require: [vendor]' });
  gate.publisher.delegate('targets/dev');
  for (let i = 0; i < 50; i++) gate.publisher.sign(`x${i}`, gate.image.digest, gate.image.size, 'targets/dev');
  gate.publisher.publish();
  expect(await listed(gate)).toEqual({ tags: ['1.0'], upstream: 0 });
});

/** The list, and how many requests it was to the upstream. */
async function listed({ get, registry }: GateWorld): Promise<{ tags: unknown; upstream: number }> {
  const before = registry.seen.length;
  const { body } = await get('/v2/acme/app/tags/list');
  const { tags } = JSON.parse(body.toString()) as { tags: unknown };
  return { tags, upstream: registry.seen.length - before };
}

test('the key of another delegation, and the network once: the file of the owner is fetched again, and what was put in its place is an alarm', async () => {
  const { approvals, gate } = await open({
    layout: (made) =>
      made
        .delegate('dev', { paths: ['reg.example/acme/dev:*'] })
        .delegate('owner', { paths: PATHS })
        .delegate('owner', { by: 'dev', paths: ['reg.example/acme/dev:*'], keys: [evil] }),
  });
  approvals.of('owner').signers = approvals.authority('owner', 'targets').keys;
  world.approve(TARGET, 'owner').publish();
  const name = approvals.fileOf('owner');
  const honest = approvals.at('owner');
  approvals.files.replace(name, approvals.sign('owner', { signers: [evil] }));
  await world.pull('x', 'acme/dev');
  expect(await world.outcome('1.0')).toEqual([403, 'trust.signature']);
  expect(await world.alarms()).toEqual(['trust.signature']);
  approvals.files.replace(name, honest);
  world.later(5_000);
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  world.later(DAY / 2);
  await gate.restart();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
});

test('another process stores a step of the same repository: searches that load files go on at once', async () => {
  const { gate } = await open({ layout: (made) => made.bins('bulk', { bits: 4 }) });
  const tags = Array.from({ length: 30 }, (_, i) => `v${i}`);
  for (const tag of tags) world.approve(`${REPOSITORY}:${tag}`, 'bulk');
  world.approvals.publish();
  await world.pull('v0');
  const other = openSqliteStore(join(gate.folder, 'data', 'tufgate.db'));
  const name = { source: 'approvals', gun: '*' };
  const { generation } = (await other.loadTrust(name))!;
  await other.advanceTrust(name, generation, { checkedAt: gate.clock }, gate.clock);
  await other.close();
  for (const tag of tags) expect(await world.outcome(tag)).toEqual([200, gate.image.digest]);
});

test('a delegated file that does not verify is fetched once in five seconds whoever asks, and is one alarm', async () => {
  const { approvals, server } = await open({ layout: (made) => made.delegate('owner', { paths: PATHS }) });
  world.approve(TARGET, 'owner').publish();
  const path = `tuf/${approvals.fileOf('owner')}`;
  server.misbehaviours.set(path, { kind: 'bytes', bytes: Buffer.alloc(1_000, ' ') });
  for (let i = 0; i < 20; i++) expect((await world.pull(`x${i}`)).reason).toBe('trust.malformed');
  expect(server.count(path)).toBe(1);
  expect(await world.alarms()).toEqual(['trust.malformed']);
  server.misbehaviours.clear();
  world.later(4_999);
  expect((await world.pull('1.0')).reason).toBe('trust.malformed');
  world.later(1);
  expect((await world.pull('1.0')).status).toBe(200);
});

test('a role called "2.root", whose file would be the next root: who delegates to it is refused', async () => {
  const { approvals } = await open({ layout: (made) => made.useConsistentSnapshots(false) });
  world.approve().publish();
  approvals.delegate('2.root', { paths: PATHS }).publish();
  approvals.files.drop('2.root.json');
  expect(await world.outcome('1.0')).toEqual([403, 'trust.malformed']);
});

test('256 tags of one name one digest, and each is a question that takes all it may: few are asked', async () => {
  const evil = 'reg.example/acme/evil:';
  const { approvals, gate } = await open({
    layout: (made) =>
      made
        .delegate('evil', { paths: [`${evil}*`] })
        .delegate('junk', {
          by: 'evil',
          paths: Array.from({ length: 1_300 }, (_, i) => `reg.example/acme/*${'a'.repeat(60)}${i.toString(36)}Q`),
        })
        .delegate('sub', { by: 'evil', paths: [`${evil}*`] }),
  });
  const digest = `sha256:${'ab'.repeat(32)}`;
  const tags = Array.from({ length: 256 }, (_, i) => `${'a'.repeat(120)}${i}`);
  for (const tag of tags) approvals.put(`${evil}${tag}`, { digest, length: 1 }, 'sub');
  approvals.publish();
  expect(await world.outcome(tags[0]!, 'acme/evil')).toEqual([403, 'trust.too-large']);
  await world.outcome('y', 'acme/evil');
  const asked = vi.spyOn(gate.gate.deps.trust, 'resolve');
  expect((await world.outcome(digest, 'acme/evil'))[0]).toBe(403);
  expect(asked.mock.calls.length).toBeLessThan(10);
  asked.mockClear();
  await gate.get('/v2/acme/evil/tags/list');
  expect(asked.mock.calls.length).toBeLessThan(30);
});
