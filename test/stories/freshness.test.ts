import { afterEach, expect, test } from 'vitest';
import { DAY, type GateWorld, openGate, type Settings } from './gate-world.ts';

let world: GateWorld;
afterEach(async () => await world.close());
const open = async (over: Partial<Settings> = {}) => (world = await openGate(over));
const pull = async (path = '/v2/acme/app/manifests/1.0') => await world.get(path);

/** What the background does when its timer goes off. */
async function renew(olderThan: number): Promise<void> {
  for (const each of await world.gate.trust.collections.recent(600_000, 200)) await each.refreshOlderThan(olderThan);
}

test('a client does not wait for a source that was asked in the background', async () => {
  await open();
  await pull();
  world.clock += 50_000;
  const before = world.notary.requests.length;
  await renew(60_000);
  expect(world.notary.requests).toHaveLength(before);
  await renew(45_000);
  const asked = world.notary.requests.length;
  expect(asked).toBeGreaterThan(before);
  world.clock += 50_000;
  expect((await pull()).status).toBe(200);
  expect(world.notary.requests).toHaveLength(asked);
});

test('the attack: a clock that ran ahead for a moment, so that for days nothing grows old and no revocation is seen', async () => {
  await open();
  world.clock += 13 * DAY;
  expect((await pull()).status).toBe(200);
  world.clock -= 13 * DAY;
  world.publisher.revoke('1.0').publish();
  const pass = (ms: number): void => {
    world.clock += ms;
    world.elapsed += ms;
  };
  pass(60_000);
  expect((await pull()).status).toBe(200);
  pass(61_000);
  expect((await pull()).reason).toBe('trust.unsigned');
  expect((await pull(`/v2/acme/app/manifests/${world.image.digest}`)).status).toBe(403);
});

test('nor does it come back with `trust clock --reset`', async () => {
  await open();
  world.clock += 13 * DAY;
  expect((await pull()).status).toBe(200);
  world.clock -= 13 * DAY;
  await world.gate.state.lowerClock(world.clock);
  await world.restart();
  world.publisher.revoke('1.0').publish();
  world.clock += 60_001;
  expect((await pull()).reason).toBe('trust.unsigned');
  expect((await pull(`/v2/acme/app/manifests/${world.image.digest}`)).status).toBe(403);
});

test('what nobody pulls any more rests, and names that nobody signed are never asked for', async () => {
  await open();
  await pull();
  await pull('/v2/acme/unsigned/manifests/1.0');
  const recent = async (): Promise<number> => (await world.gate.trust.collections.recent(600_000, 200)).length;
  expect(await recent()).toBe(1);
  world.clock += 600_001;
  expect(await recent()).toBe(0);
});

test('a renewal that fails is no failure of anybody, and the view goes on', async () => {
  await open();
  await pull();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  world.clock += 50_000;
  await renew(45_000);
  expect((await pull()).status).toBe(200);
});

test('clients are warned in the last days, by tag and by digest, and not once it is signed anew', async () => {
  await open();
  const warning = async (path?: string) => (await pull(path)).headers['warning'];
  expect(await warning()).toBeUndefined();
  const targets = world.publisher.of('targets');
  targets.expires = world.clock + 5 * DAY;
  world.publisher.touch('targets').publish();
  world.clock += 60_000;
  const said =
    /^299 - "the signature of reg\.example\/acme\/app:1\.0 \(targets in vendor\) ends 2026-11-26T12:00Z, in 4 days/;
  expect(await warning()).toMatch(said);
  expect(await warning(`/v2/acme/app/manifests/${world.image.digest}`)).toContain('(targets in vendor)');
  targets.expires = world.clock + 500 * DAY;
  world.publisher.touch('targets').publish();
  world.clock += 60_000;
  expect(await warning()).toBeUndefined();
});

test('the metrics show what ends soon, and the keys that may sign since', async () => {
  await open();
  await pull();
  world.publisher.of('targets').expires = world.clock + 20 * DAY;
  world.publisher.delegate('targets/qa').publish();
  world.clock += 60_000;
  await pull();
  const text = await world.gate.metrics.text();
  expect(text).toMatch(/tufgate_trust_collection_expires_days\{source="vendor",gun="reg\.example\/acme\/app"\} /);
  expect(text).toContain('tufgate_trust_changes_total{source="vendor",change="signer"} 1\n');
});

test('what an operator forgets beside a running gate begins anew with the next check', async () => {
  await open();
  await pull();
  const { state } = world.gate;
  const collection = { source: 'vendor', gun: 'reg.example/acme/app' };
  await state.forgetTrust(collection);
  world.clock += 60_000;
  expect((await pull()).status).toBe(200);
  expect(await state.loadTrust(collection)).toMatchObject({ generation: expect.any(Number) as number, anchor: 'keys' });
});
