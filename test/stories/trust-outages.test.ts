import { afterEach, expect, test } from 'vitest';
import { composeJudge } from '../../src/compose.ts';
import { rootKey } from '../../src/simulator/notary-key.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { type GateWorld, GUN, keyOf, openGate, type Settings, START } from './gate-world.ts';

let world: GateWorld;
afterEach(async () => await world.close());
const open = async (over: Partial<Settings> = {}) => (world = await openGate(over));
const MINUTE = 60_000;
const later = (ms: number) => (world.clock += ms);
const ask = async () => await world.get('/v2/acme/app/manifests/1.0');
const pull = async () => {
  const { status, reason } = await ask();
  return reason ?? status;
};
/** What `tufgate resolve` does, in a process of its own beside the server. */
async function resolveBeside(): Promise<string> {
  const judge = await composeJudge(world.gate.config, { clock: () => world.clock, elapsed: () => world.elapsed });
  try {
    const source = { kind: 'source', source: 'vendor' } as const;
    return (await judge.deps.trust.resolve(source, { registry: 'reg.example', path: 'acme/app' }, '1.0')).outcome;
  } finally {
    await judge.close();
  }
}

test('first use: one forged root.json is forgotten with the update that failed', async () => {
  await open({ trust: () => 'first_use: remember' });
  const impostor = new NotaryRepository(GUN, START).publish();
  world.notary.misbehaviours.set('root', { kind: 'bytes', bytes: impostor.bytesOf('root') });
  expect(await pull()).not.toBe(200);
  world.notary.misbehaviours.clear();
  await world.restart();
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('a pin that is narrowed after a half update is not a damaged state', async () => {
  const next = rootKey(GUN, START);
  await open({ trust: (publisher) => `pins: { reg.example/: { keys: [${keyOf(publisher)}, ${next.keyId}] } }` });
  expect(await pull()).toBe(200);
  world.publisher.rotate('root', [next]).publish();
  world.notary.misbehaviours.set('timestamp', { kind: 'status', status: 503 });
  later(2 * MINUTE);
  await pull();
  await world.restart({ trust: () => `pins: { reg.example/: { keys: [${next.keyId}] } }` });
  later(MINUTE);
  expect(await pull()).toBe('trust.unreachable');
  world.notary.misbehaviours.clear();
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('clients are told which trust source cannot be reached, and nothing of its host or of how we ask it', async () => {
  await open();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  const down = await ask();
  expect([down.status, down.reason]).toEqual([503, 'trust.unreachable']);
  expect(down.message).toContain('the trust source vendor could not be reached');
  expect(down.message).not.toMatch(/127\.0\.0\.1|503|timestamp|root\.json/);
  const headers = { 'www-authenticate': 'Basic realm=secret-realm' };
  world.notary.misbehaviours.set('*', { kind: 'status', status: 401, headers });
  later(MINUTE);
  const refused = await ask();
  expect(refused.reason).toBe('trust.unreachable');
  expect(refused.message).toContain('the trust source vendor could not be reached');
  expect(refused.message).not.toMatch(/401|secret-realm|127\.0\.0\.1/);
});

test('a new pin: what another process stored under it is used without a restart', async () => {
  await open();
  expect(await pull()).toBe(200);
  const own = rootKey(GUN, START);
  const successor = new NotaryRepository(GUN, START).sign('1.0', world.image.digest, world.image.size);
  successor.of('root').keys = [own];
  world.notary.add(successor.publish());
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  await world.restart({ trust: () => `pins: { reg.example/: { keys: [${own.keyId}] } }` });
  later(2 * MINUTE);
  expect(await pull()).toBe('trust.unreachable');
  world.notary.misbehaviours.clear();
  expect(await resolveBeside()).toBe('signed');
  later(10_000);
  expect(await pull()).toBe(200);
});

test('check_every has passed, another process has asked: the server answers, although nothing stale may serve', async () => {
  await open({ more: 'freshness: { check_every: 60s, stale_if_unreachable: 0s }' });
  expect(await pull()).toBe(200);
  later(61_000);
  expect(await resolveBeside()).toBe('signed');
  later(1);
  expect(await pull()).toBe(200);
});
