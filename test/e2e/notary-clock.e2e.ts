import { beforeAll, expect, it } from 'vitest';
import { stories } from './real/needs.ts';
import { NotaryWorld, SIGNED } from './real/notary-world.ts';
import { goesOn, refuses } from './real/verdicts.ts';

const PROGRAMS = ['notary', 'notary-server', 'openssl', 'faketime'];

/** notary-server signs a timestamp for 14 days, and a new one only when it is asked after they have passed. */
stories('time that passes at a gate and at a real trust server', PROGRAMS, () => {
  let world: NotaryWorld;

  beforeAll(async () => {
    world = await NotaryWorld.start();
    return () => world.close();
  });

  it('a timestamp that the source still serves when it has ended is refused, and the time once seen binds', async () => {
    const gun = await world.publish('gate-ahead');
    const gate = await world.gate(gun);
    await goesOn(gate, `${gun}:1.0`);
    const what = ['timestamp version', `of ${gun} expired at`, 'its trust server must sign it anew'];
    await goesOn(gate.later(13), `${gun}:1.0`);
    const late = await refuses(gate.later(2), `${gun}:1.0`, 'trust.expired', ...what);
    expect(late.alarms).toMatchObject([{ code: 'trust.expired' }]);
    await refuses(gate.later(-15), `${gun}:1.0`, 'trust.expired', ...what);
  });

  // Last: the server's clock does not go back.
  it.runIf(process.arch === 'x64')('once the server signs anew, because it was asked, the gate goes on', async () => {
    const gun = await world.publish('both-later');
    const gate = await world.gate(gun);
    const before = await goesOn(gate, `${gun}:1.0`);
    await refuses(gate.later(15), `${gun}:1.0`, 'trust.expired', gun);
    world.notary.aheadBy(15);
    const after = await goesOn(gate, `${gun}:1.0`);
    expect(after.source.versions).toEqual({
      ...before.source.versions,
      timestamp: Number(before.source.versions['timestamp']) + 1,
    });
    await world.alice.sign(gun, '2.0', SIGNED);
    world.notary.aheadBy(30);
    await goesOn(gate.later(15), `${gun}:2.0`);
  });
});
