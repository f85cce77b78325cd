import { beforeAll, expect, it } from 'vitest';
import { type DelegationKey, makeDelegationKey } from './real/delegation-key.ts';
import { Dockerd } from './real/dockerd.ts';
import { stories, WORLD } from './real/needs.ts';
import { RENEWED, NotaryWorld, SIGNED } from './real/notary-world.ts';
import { Publisher } from './real/publisher.ts';
import { Registry } from './real/registry.ts';
import { goesOn, refuses, servesOnWithAlarm } from './real/verdicts.ts';

/** What was trusted ends: by its publisher's will, or by somebody who got at the real trust server. */
stories('trust that ends on a real trust server', [...WORLD, 'faketime'], () => {
  let world: NotaryWorld;
  let qa: DelegationKey;
  let security: DelegationKey;

  beforeAll(async () => {
    world = await NotaryWorld.start();
    qa = await makeDelegationKey(world.space, 'qa', 'P-384');
    security = await makeDelegationKey(world.space, 'security', 'rsa');
    for (const { key } of [qa, security]) await world.alice.importKey(key);
    return () => world.close();
  });

  it.each([
    { role: 'targets/releases', signers: [], rule: 'the usual rule' },
    { role: 'targets/qa', signers: ['targets/qa'], rule: 'named signers' },
  ])('a signer whose key was taken away counts no more until the role is witnessed ($rule)', async (story) => {
    const gun = await world.publish(`key-of-${story.role.replace('/', '-')}`);
    await world.alice.delegate(gun, story.role, [qa.certificate]);
    await world.alice.sign(gun, '2.0', SIGNED, story.role);
    const gate = await world.gate(gun, 'root', story.signers);
    const before = await goesOn(gate, `${gun}:2.0`);
    await world.alice.delegate(gun, story.role, [security.certificate]);
    await world.alice.undelegate(gun, story.role, qa.id);
    await refuses(
      gate,
      `${gun}:2.0`,
      'trust.signature',
      `${story.role} of ${gun}`,
      'no valid signature of a key that may',
    );
    await world.alice.witness(gun, story.role);
    const after = await goesOn(gate, `${gun}:2.0`);
    expect(after.source.roles).toEqual([story.role]);
    expect(after.source.signers).not.toEqual(before.source.signers);
  });

  it('a delegation that was removed takes its tags with it, and no other role stands in for it', async () => {
    const gun = await world.publish('removed');
    await world.alice.delegate(gun, 'targets/qa', [qa.certificate]);
    await world.alice.sign(gun, '1.0', SIGNED, 'targets/qa');
    const gate = await world.gate(gun, 'root', ['targets/qa']);
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.undelegate(gun, 'targets/qa');
    await refuses(gate, `${gun}:1.0`, 'trust.signer-missing', `${gun}:1.0 must be signed by`, 'targets/qa');
  });

  it('a releases role that was removed leaves what targets itself has signed', async () => {
    const gun = await world.publish('unreleased');
    await world.alice.delegate(gun, 'targets/releases', [qa.certificate]);
    await world.alice.sign(gun, '2.0', SIGNED, 'targets/releases');
    const gate = await world.gate(gun);
    await goesOn(gate, `${gun}:2.0`);
    await refuses(gate, `${gun}:1.0`, 'trust.unsigned', 'only targets/releases is believed here');
    await world.alice.undelegate(gun, 'targets/releases');
    await refuses(gate, `${gun}:2.0`, 'trust.unsigned', `2.0 of ${gun}`, 'ask its publisher to sign it');
    expect((await goesOn(gate, `${gun}:1.0`)).source.roles).toEqual(['targets']);
  });

  it('a signer who was removed with `docker trust` counts no more, his colleague does', async () => {
    const { space, notary } = world;
    const docker = await Dockerd.start(space, { name: 'publisher' });
    const publisher = await Publisher.start(space, docker, await Registry.start(space), notary);
    const gun = publisher.gun('acme/app');
    await publisher.pushSigned('acme/app:1.0', 'signed by alice');
    const gate = await world.gate(gun);
    const alone = await goesOn(gate, `${gun}:1.0`);
    await publisher.addSigner('acme/app', 'bob');
    await publisher.pushSigned('acme/app:2.0', 'signed by both');
    expect((await goesOn(gate, `${gun}:2.0`)).source.signers).toHaveLength(2);
    await publisher.removeSigner('acme/app', 'alice');
    const { source } = await goesOn(gate, `${gun}:2.0`);
    expect(source.signers).toHaveLength(1);
    expect(source.signers).not.toEqual(alone.source.signers);
    await publisher.revoke('acme/app:2.0');
    await refuses(gate, `${gun}:2.0`, 'trust.unsigned', `2.0 of ${gun}`);
  });

  it('a collection that was deleted serves nothing, and what another made in its place does not either', async () => {
    const gun = await world.publish('deleted');
    const gate = await world.gate(gun);
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.delete(gun);
    await refuses(gate, `${gun}:1.0`, 'trust.withdrawn', `no longer has the trust data of ${gun}`, 'ask its publisher');
    await world.bob.init(gun);
    await world.bob.sign(gun, '1.0', RENEWED);
    await refuses(gate, `${gun}:1.0`, 'trust.signature', 'timestamp', gun, 'no valid signature of a key that may');
    await world.bob.rotate(gun, 'root');
    await refuses(gate, `${gun}:1.0`, 'trust.signature', 'root version 2', gun);
  });

  it.each(['root', 'keys', 'first-use'] as const)('nor when nobody saw it go (anchored by %s)', async (pin) => {
    const gun = await world.publish(`unseen-${pin}`);
    const gate = await world.gate(gun, pin);
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.delete(gun);
    await world.bob.init(gun);
    await world.bob.sign(gun, '1.0', RENEWED);
    await world.bob.sign(gun, '2.0', RENEWED);
    await servesOnWithAlarm(gate, `${gun}:1.0`, SIGNED.digest, 'trust.signature', 'timestamp', gun);
    await refuses(gate, `${gun}:2.0`, 'trust.unsigned', `2.0 of ${gun}`);
    await refuses(gate.later(15), `${gun}:1.0`, 'trust.signature', 'timestamp', gun);
  });

  it('a collection that was made again for good is trusted once the operator has pinned its new keys', async () => {
    const gun = await world.publish('renewed');
    const gate = await world.gate(gun, 'keys');
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.delete(gun);
    await world.bob.init(gun);
    await world.bob.sign(gun, '1.0', RENEWED);
    await servesOnWithAlarm(gate, `${gun}:1.0`, SIGNED.digest, 'trust.signature', gun);
    const pinnedAnew = await world.gate(gun, 'keys');
    await servesOnWithAlarm(pinnedAnew, `${gun}:1.0`, RENEWED.digest, 'trust.pin', 'trust begins anew at the pin');
    await goesOn(pinnedAnew, `${gun}:1.0`);
  });
});
