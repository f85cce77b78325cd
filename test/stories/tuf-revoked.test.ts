import { afterEach, describe, expect, test } from 'vitest';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import type { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { MINUTE, type Opening, PATHS, TARGET, TufWorld } from './tuf-world.ts';

/** What was given out for a tag, after the tag was revoked, moved, or touched by somebody who may not. */
const GONE = [403, 'policy.digest-outside-closure'];
const SUPERSEDED = 'digests: { superseded: 30d }';
const owned = (made: TufRepository): TufRepository => made.delegate('owner', { paths: PATHS });
let world: TufWorld;
const open = async (opening: Opening): Promise<TufWorld> => (world = await TufWorld.open(opening));

afterEach(() => world.close());

/** Given out, revoked in the next version, which a search comes by, and signed again for another image. */
async function revokedAndSignedAgain(role: string, other = () => world.pull('x')): Promise<unknown> {
  const { approvals, gate } = world;
  world.approve(TARGET, role).publish();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  approvals.remove(TARGET, role).publish();
  world.later();
  await other();
  const mended = world.move('mended', role);
  approvals.publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, mended]);
  return await world.outcome(gate.image.digest);
}

test.each(['digests: any', SUPERSEDED, 'digests: current'])(
  'an image is revoked in a version that nobody read, and the tag signed again for another: with %s it is not served again',
  async (digests) => {
    const { approvals, gate } = await open({ rule: `require: [approvals]\n    ${digests}`, layout: owned });
    world.approve(TARGET, 'owner').publish();
    expect((await world.pull('1.0')).status).toBe(200);
    approvals.remove(TARGET, 'owner').publish();
    world.later();
    await world.pull('any', 'acme/other');
    const mended = world.move('mended', 'owner');
    approvals.publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([200, mended]);
    expect(await world.outcome(gate.image.digest)).toEqual(GONE);
    world.later(90 * MINUTE);
    approvals.publish();
    expect(await world.outcome(gate.image.digest)).toEqual(GONE);
  },
);

test('an image is revoked in a version of targets itself that nobody read: it is not served again either', async () => {
  const { approvals, gate } = await open({ rule: 'require: [approvals]\n    digests: any' });
  world.approve().publish();
  await world.pull('1.0');
  approvals.remove(TARGET).publish();
  const mended = world.move('mended');
  approvals.publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, mended]);
  expect(await world.outcome(gate.image.digest)).toEqual(GONE);
});

test('the keys of an owner are taken away, and the tag is signed by new ones for another image: what the old ones signed ends', async () => {
  const { approvals, gate } = await open({ rule: 'require: [approvals]\n    digests: any', layout: owned });
  world.approve(TARGET, 'owner').publish();
  await world.pull('1.0');
  approvals.undelegate('owner').publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([403, 'trust.unsigned']);
  const mended = world.move('mended', 'owner');
  owned(approvals).publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, mended]);
  expect(await world.outcome(gate.image.digest)).toEqual(GONE);
});

test('the key of another delegation, and the network, put a file in the place of the one that revokes: the image ends all the same', async () => {
  const evil = tufKey('ed25519', 'evil');
  const { approvals, gate } = await open({
    rule: 'require: [approvals]\n    digests: any',
    layout: (made) =>
      owned(made)
        .delegate('dev', { paths: ['reg.example/acme/dev:*'] })
        .delegate('owner', { by: 'dev', paths: ['reg.example/acme/dev:*'], keys: [evil] }),
  });
  approvals.of('owner').signers = approvals.authority('owner', 'targets').keys;
  world.approve(TARGET, 'owner').publish();
  await world.pull('1.0');
  approvals.touch('owner').publish();
  approvals.files.replace(approvals.fileOf('owner'), approvals.sign('owner', { signers: [evil] }));
  world.later();
  await world.pull('x', 'acme/dev');
  const mended = world.move('mended', 'owner');
  approvals.publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, mended]);
  expect(await world.outcome(gate.image.digest)).toEqual(GONE);
});

test('a tag moves in the very next version of its role: its digest before is superseded, not revoked', async () => {
  const { approvals, gate } = await open({ rule: `require: [approvals]\n    ${SUPERSEDED}`, layout: owned });
  world.approve(TARGET, 'owner').publish();
  await world.pull('1.0');
  const next = world.move('next', 'owner');
  approvals.publish();
  world.later(90 * MINUTE);
  expect(await world.outcome('1.0')).toEqual([200, next]);
  expect(await world.outcome(gate.image.digest)).toEqual([200, gate.image.digest]);
});

test('a role lists the tag of somebody else, and lists it no more: nothing that was given out for the tag ends', async () => {
  const { approvals, gate } = await open({
    rule: `require: [approvals]\n    ${SUPERSEDED}`,
    layout: (made) => made.delegate('evil', { paths: ['reg.example/acme/evil:*'] }),
  });
  world.approve().publish();
  await world.pull('1.0');
  world.approve(TARGET, 'evil');
  const next = world.move('next');
  approvals.publish();
  world.later();
  await world.pull('any', 'acme/evil');
  approvals.remove(TARGET, 'evil').publish();
  world.later();
  await world.pull('any', 'acme/evil');
  expect(await world.outcome('1.0')).toEqual([200, next]);
  expect(await world.outcome(gate.image.digest)).toEqual([200, gate.image.digest]);
});

test('of two sources of which any will do, one never signed the tag: that is no removal of what the other signed', async () => {
  const { gate } = await open({ rule: `require: [{ any: [approvals, vendor] }]\n    ${SUPERSEDED}` });
  const { image, publisher, registry } = gate;
  expect(await world.outcome('1.0')).toEqual([200, image.digest]);
  const next = registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('next')] });
  publisher.sign('1.0', next.digest, next.size).publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, next.digest]);
  expect(await world.outcome(image.digest)).toEqual([200, image.digest]);
});

test('a named signer stands behind a role that ends the search: its tag moves, and a pull in flight of the digest before goes on', async () => {
  const { approvals, gate } = await open({
    rule: 'require: [{ source: approvals, signers: [qa] }]',
    layout: (made) => made.delegate('owner', { paths: PATHS, terminating: true }).delegate('qa', { paths: PATHS }),
  });
  world.approve(TARGET, 'qa').publish();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  const next = world.move('next', 'qa');
  approvals.publish();
  world.later();
  expect(await world.outcome('1.0')).toEqual([200, next]);
  expect(await world.outcome(gate.image.digest)).toEqual([200, gate.image.digest]);
});

test.each([10, 1_000])('an owner of %d tags, whose delegation looks through many paths, revokes one', async (tags) => {
  const nearly = Array.from({ length: 300 }, (_, i) => `reg.example/acme/*a*Q${i}*:*`);
  const paths = [...nearly, 'reg.example/acme/a:*', ...PATHS];
  await open({
    rule: `require: [approvals]\n    ${SUPERSEDED}`,
    layout: (made) => made.delegate('owner', { paths }),
  });
  for (let i = 0; i < tags; i++) world.approve(`reg.example/acme/a:${i}`, 'owner');
  expect(await revokedAndSignedAgain('owner')).toEqual(GONE);
});

test('a sibling lists so many names that nothing is left to look through: what the owner revokes ends all the same', async () => {
  const nearly = Array.from({ length: 300 }, (_, i) => `reg.example/acme/*a*Q${i}*:*`);
  await open({
    rule: `require: [approvals]\n    ${SUPERSEDED}`,
    layout: (made) =>
      made
        .delegate('org', { paths: [...nearly, 'reg.example/acme/*:*'] })
        .delegate('evil', { by: 'org', paths: ['reg.example/acme/evil:*'] })
        .delegate('owner', { by: 'org', paths: PATHS }),
  });
  for (let i = 0; i < 1_000; i++) world.approve(`reg.example/acme/evil:${i}`, 'evil');
  world.approvals.publish();
  expect(await world.outcome('0', 'acme/evil')).toEqual([404, 'upstream.not-found']);
  world.later();
  expect(await revokedAndSignedAgain('owner')).toEqual(GONE);
});

test('two delegators share a role, and after a restart a search comes by it along the other: what it revokes ends', async () => {
  const shared = tufKey('ed25519', 'ci');
  const lib = ['reg.example/acme/lib:*'];
  await open({
    rule: `require: [approvals]\n    ${SUPERSEDED}`,
    layout: (made) =>
      made
        .delegate('team-a', { paths: lib })
        .delegate('team-b', { paths: PATHS })
        .delegate('ci', { by: 'team-a', paths: lib, keys: [shared] })
        .delegate('ci', { by: 'team-b', paths: PATHS, keys: [shared] }),
  });
  const alongTheOther = async (): ReturnType<TufWorld['pull']> => {
    await world.gate.restart();
    return await world.pull('1.0', 'acme/lib');
  };
  expect(await revokedAndSignedAgain('ci', alongTheOther)).toEqual(GONE);
});

test('root rotates the key of targets, which revoke under the version they had, so that the timestamp stays: the image ends', async () => {
  const { approvals, gate } = await open({ rule: 'require: [approvals]\n    digests: any' });
  world.approve().publish();
  expect(await world.outcome('1.0')).toEqual([200, gate.image.digest]);
  const now = (role: string): number => approvals.of(role).version;
  approvals.remove(TARGET).rotate('targets');
  approvals.publish({ targets: now('targets'), snapshot: now('snapshot'), timestamp: now('timestamp') });
  world.later();
  expect(await world.outcome('1.0')).toEqual([403, 'trust.unsigned']);
  world.later(120 * MINUTE);
  const mended = world.move('mended');
  approvals.publish();
  expect(await world.outcome('1.0')).toEqual([200, mended]);
  expect(await world.outcome(gate.image.digest)).toEqual(GONE);
});

describe('a key was stolen, and what it signed was given out', () => {
  const byOwner = { rule: `require: [approvals]\n    ${SUPERSEDED}`, layout: owned };

  /** The thief's image, given out for the tag. */
  async function stolen(role?: string): Promise<string> {
    const evil = world.move('evil', role);
    world.approvals.publish();
    expect(await world.outcome('1.0')).toEqual([200, evil]);
    return evil;
  }

  /** The publisher has made good: the tag is the image of the world again, and the thief's is gone, at once and later. */
  async function madeGood(evil: string): Promise<void> {
    world.later();
    expect(await world.outcome('1.0')).toEqual([200, world.gate.image.digest]);
    expect(await world.outcome(evil)).toEqual(GONE);
    world.later(20 * 60 * MINUTE);
    world.approvals.publish();
    expect(await world.outcome(evil)).toEqual(GONE);
  }

  test('its role gives way to one of another name: the image ends', async () => {
    const { approvals } = await open(byOwner);
    const evil = await stolen('owner');
    approvals.undelegate('owner').delegate('owner-2026', { paths: PATHS });
    world.approve(TARGET, 'owner-2026').publish();
    await madeGood(evil);
  });

  test('its delegation is taken away, and later given back: the image ends', async () => {
    const { approvals } = await open(byOwner);
    const { keys } = approvals.authority('owner');
    const evil = await stolen('owner');
    approvals.undelegate('owner').publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.unsigned']);
    expect(await world.outcome(evil)).toEqual(GONE);
    approvals.delegate('owner', { paths: PATHS, keys: [...keys] });
    world.approve(TARGET, 'owner').publish();
    await madeGood(evil);
  });

  test('it was that of targets, and root rotates it: the image ends', async () => {
    const { approvals } = await open({ rule: byOwner.rule });
    const evil = await stolen();
    approvals.rotate('targets');
    world.approve().publish();
    await madeGood(evil);
  });
});
