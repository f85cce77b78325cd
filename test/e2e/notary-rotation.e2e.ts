import { beforeAll, expect, it } from 'vitest';
import { type DelegationKey, makeDelegationKey } from './real/delegation-key.ts';
import { stories } from './real/needs.ts';
import { NotaryWorld, SIGNED } from './real/notary-world.ts';
import { goesOn, refuses, servesOnWithAlarm } from './real/verdicts.ts';

/** Every key of a collection is replaced with the real tools, while a gate looks on that trusted it before. */
stories('keys that are rotated on a real trust server', ['notary', 'notary-server', 'openssl', 'faketime'], () => {
  let world: NotaryWorld;
  let elliptic: DelegationKey;
  let rsa: DelegationKey;

  beforeAll(async () => {
    world = await NotaryWorld.start();
    elliptic = await makeDelegationKey(world.space, 'qa', 'P-384');
    rsa = await makeDelegationKey(world.space, 'security', 'rsa');
    for (const { key } of [elliptic, rsa]) await world.alice.importKey(key);
    return () => world.close();
  });

  it.each([
    { role: 'targets', flags: [], held: 'by the publisher' },
    { role: 'snapshot', flags: ['-r'], held: 'by the server from now on' },
    { role: 'timestamp', flags: ['-r'], held: 'by the server' },
    { role: 'root', flags: [], held: 'by the publisher' },
  ])('a new key of $role, held $held, is followed', async ({ role, flags }) => {
    const gun = await world.publish(`new-${role}`);
    const gate = await world.gate(gun);
    const before = await goesOn(gate, `${gun}:1.0`);
    await world.alice.rotate(gun, role, ...flags);
    await world.alice.sign(gun, '2.0', SIGNED);
    const after = await goesOn(gate, `${gun}:2.0`);
    expect(after.digest).toBe(SIGNED.digest);
    expect([before.source.root?.version, after.source.root?.version]).toEqual([1, 2]);
  });

  it('a snapshot key that went to the server and came back is followed', async () => {
    const gun = await world.publish('back-again');
    const gate = await world.gate(gun);
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.rotate(gun, 'snapshot', '-r');
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.rotate(gun, 'snapshot');
    await world.alice.sign(gun, '2.0', SIGNED);
    expect((await goesOn(gate, `${gun}:2.0`)).source.root?.version).toBe(3);
  });

  it('rotations that nobody watched are walked one by one, and the pinned root file still anchors them', async () => {
    const gun = await world.publish('unwatched');
    const gate = await world.gate(gun);
    await goesOn(gate, `${gun}:1.0`);
    const [old] = await world.notary.rootKeys(gun);
    for (const role of ['root', 'targets', 'root', 'snapshot', 'root']) await world.alice.rotate(gun, role);
    const { source } = await goesOn(gate, `${gun}:1.0`);
    expect(source.root).toMatchObject({ version: 6, anchor: 'root-file', keys: await world.notary.rootKeys(gun) });
    expect(source.root?.keys).not.toContain(old);
  });

  it('a gate that trusted on first use follows the chain from there', async () => {
    const gun = await world.publish('first-use');
    const gate = await world.gate(gun, 'first-use');
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.rotate(gun, 'root');
    expect((await goesOn(gate, `${gun}:1.0`)).source.root).toMatchObject({ version: 2, anchor: 'first-use' });
  });

  it('a root key that the pin does not cover is refused: the old view serves on with an alarm until it ends', async () => {
    const gun = await world.publish('pinned-key');
    const gate = await world.gate(gun, 'keys');
    await goesOn(gate, `${gun}:1.0`);
    await world.alice.rotate(gun, 'root');
    await world.alice.sign(gun, '2.0', SIGNED);
    const [newKey = ''] = await world.notary.rootKeys(gun);
    const advice = 'check this one with its publisher, and pin it';
    const what = [gun, 'root version 2', newKey, 'not covered by the pin', advice];
    await servesOnWithAlarm(gate, `${gun}:1.0`, SIGNED.digest, 'trust.pin', ...what);
    const unseen = await refuses(gate, `${gun}:2.0`, 'trust.unsigned', `${gun}:2.0`);
    expect(unseen.alarms).toMatchObject([{ code: 'trust.pin' }]);
    await refuses(gate.later(15), `${gun}:1.0`, 'trust.pin', ...what);
  });

  it('delegations follow their signers from P-384 to RSA, with both for a while', async () => {
    const gun = await world.publish('signers');
    await world.alice.delegate(gun, 'targets/releases', [elliptic.certificate]);
    await world.alice.sign(gun, '1.0', SIGNED, 'targets/releases');
    const gate = await world.gate(gun);
    const first = await goesOn(gate, `${gun}:1.0`);
    await world.alice.delegate(gun, 'targets/releases', [rsa.certificate]);
    await world.alice.sign(gun, '2.0', SIGNED, 'targets/releases');
    const both = await goesOn(gate, `${gun}:2.0`);
    await world.alice.undelegate(gun, 'targets/releases', elliptic.id);
    const last = await goesOn(gate, `${gun}:2.0`);
    expect(both.source.signers).toHaveLength(2);
    expect(both.source.signers).toEqual(expect.arrayContaining([...first.source.signers, ...last.source.signers]));
    expect(first.source.signers).not.toEqual(last.source.signers);
  });

  it('a tree of delegations keeps its paths and its required signers', async () => {
    const gun = await world.publish('tree');
    await world.alice.delegate(gun, 'targets/team', [elliptic.certificate]);
    await world.alice.delegate(gun, 'targets/team/nightly', [rsa.certificate], 'n-');
    await world.alice.sign(gun, 'n-1', SIGNED, 'targets/team', 'targets/team/nightly');
    await world.alice.sign(gun, '1.0', SIGNED, 'targets/team');
    const gate = await world.gate(gun, 'root', ['targets/team', 'targets/team/nightly']);
    const { source } = await goesOn(gate, `${gun}:n-1`);
    expect(source.roles).toEqual(['targets/team', 'targets/team/nightly']);
    expect(source.signers).toHaveLength(2);
    await refuses(gate, `${gun}:1.0`, 'trust.signer-missing', `${gun}:1.0`, 'targets/team/nightly');
  });
});
