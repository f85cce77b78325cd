import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { MINUTE, PATHS, REPOSITORY, TufWorld } from './tuf-world.ts';

/**
 * What a gate gave out from a file that it could not keep: the next file is compared with nothing, so what it revokes must not live
 * on as the past of its tag.
 */
const TARGET = `${REPOSITORY}:2.0`;
const GONE = [403, 'policy.digest-outside-closure'];
const OPENING = {
  rule: 'require: [approvals]\n    digests: any',
  layout: (made: TufRepository) => made.delegate('owner', { paths: PATHS }),
};
let world: TufWorld;
const open = async (): Promise<TufWorld> => (world = await TufWorld.open(OPENING));

afterEach(() => world.close());

/** Signed by the owner from the next publish on. @returns its digest */
function sign(layer: string): string {
  const { digest, size } = world.gate.registry.addImage({ repository: 'acme/app', layers: [Buffer.from(layer)] });
  world.approvals.put(TARGET, { digest, length: size }, 'owner');
  return digest;
}

/** The image was given out, and its tag is revoked and signed again: it is gone for good. */
async function revokedAndSignedAgain(bad: string): Promise<void> {
  const { approvals } = world;
  if (approvals.of('owner').targets.has(TARGET)) approvals.remove(TARGET, 'owner').publish();
  world.later();
  expect((await world.outcome('2.0'))[0]).toBe(404);
  const good = sign('good');
  approvals.publish();
  world.later();
  expect(await world.outcome('2.0')).toEqual([200, good]);
  expect(await world.outcome(bad)).toEqual(GONE);
  world.later(90 * MINUTE);
  approvals.publish();
  expect(await world.outcome(bad)).toEqual(GONE);
}

/** Somebody pulls the tag, and the owner's new file is on its way. */
async function ownersFileHeld() {
  const { approvals, server } = await open();
  world.approve(`${REPOSITORY}:base`, 'owner').publish();
  await world.pull('base');
  const bad = sign('bad');
  approvals.publish();
  world.later();
  const held = server.hold(`tuf/${approvals.of('owner').version}.owner.json`);
  const pull = world.outcome('2.0');
  await held.asked;
  return { bad, held, pull };
}

test('an update overtakes the search that it was found by', async () => {
  const { bad, held, pull } = await ownersFileHeld();
  world.approvals.remove(TARGET, 'owner').publish();
  world.later();
  await world.pull('x', 'acme/other');
  held.release();
  expect(await pull).toEqual([200, bad]);
  await revokedAndSignedAgain(bad);
});

test('it comes between the snapshot and the targets of an update', async () => {
  const { bad, held, pull } = await ownersFileHeld();
  const { approvals, server } = world;
  approvals.touch('targets').publish();
  world.later();
  const targets = server.hold(`tuf/${approvals.of('targets').version}.targets.json`);
  const other = world.outcome('x', 'acme/other');
  await targets.asked;
  held.release();
  expect(await pull).toEqual([200, bad]);
  targets.release();
  await other;
  expect(await world.outcome('2.0')).toEqual([200, bad]);
  await revokedAndSignedAgain(bad);
});

test('another process moves the same collection meanwhile', async () => {
  const { bad, held, pull } = await ownersFileHeld();
  const { gate } = world;
  const other = openSqliteStore(join(gate.folder, 'data', 'tufgate.db'));
  const [collection] = await other.listTrust();
  const generation = (await other.loadTrust(collection!))!.generation;
  expect(await other.advanceTrust(collection!, generation, { checkedAt: gate.clock }, gate.clock)).toBe('ok');
  await other.close();
  held.release();
  expect(await pull).toEqual([200, bad]);
  await revokedAndSignedAgain(bad);
});

test('nothing happens meanwhile', async () => {
  const { bad, held, pull } = await ownersFileHeld();
  held.release();
  expect(await pull).toEqual([200, bad]);
  await revokedAndSignedAgain(bad);
});

test('what was kept is superseded by what the same role signs next, and lives on as the rule says', async () => {
  const { approvals } = await open();
  const old = sign('old');
  approvals.publish();
  expect(await world.outcome('2.0')).toEqual([200, old]);
  const next = sign('next');
  approvals.publish();
  world.later();
  expect(await world.outcome('2.0')).toEqual([200, next]);
  world.later(90 * MINUTE);
  approvals.publish();
  expect(await world.outcome(old)).toEqual([200, old]);
});

test('revoked in the role that signed it, while targets itself names the tag: no search comes by that role again', async () => {
  const { approvals } = await open();
  const bad = sign('bad');
  approvals.publish();
  expect(await world.outcome('2.0')).toEqual([200, bad]);
  approvals.remove(TARGET, 'owner');
  const { digest, size } = world.gate.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('good')] });
  approvals.put(TARGET, { digest, length: size }).publish();
  world.later();
  expect(await world.outcome('2.0')).toEqual([200, digest]);
  expect(await world.outcome(bad)).toEqual(GONE);
});
