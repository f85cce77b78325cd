import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notaryFormat } from '../../src/trust/tuf/format/notary.ts';
import { type GateWorld, openGate, type Settings } from './gate-world.ts';

/** A collection of some thousand tags lives on a thread of its own; those who pull see no difference. */
let world: GateWorld;
/** Bytes of the targets files that this thread parsed. */
let parsedHere: number[];
beforeEach(() => {
  parsedHere = [];
  const targets = notaryFormat.targets.bind(notaryFormat);
  vi.spyOn(notaryFormat, 'targets').mockImplementation((name, role, bytes, crypto) => {
    parsedHere.push(bytes.length);
    return targets(name, role, bytes, crypto);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await world.close();
});

const TAGS = 1_500;
const SMALL = 256 * 1024;
const later = (ms = 60_000) => (world.clock += ms);
const digestOf = (i: number) => `sha256:${createHash('sha256').update(`${i}`).digest('hex')}`;
const get = (reference: string) => world.get(`/v2/acme/app/manifests/${reference}`);
const pull = async (reference = '1.0') => {
  const { status, reason } = await get(reference);
  return reason ?? status;
};
const alarms = async () => {
  await world.gate.flushDecisions();
  return (await world.gate.state.decisions({ event: 'alarm', limit: 9 })).map(({ reason }) => reason);
};
const targetsRequests = () => world.notary.requests.filter(({ path }) => path.includes('/targets.')).length;

function fill(): void {
  for (let i = 0; i < TAGS; i++) world.publisher.sign(`build-${i}-${'x'.repeat(100)}`, digestOf(i), 1_000 + i);
  world.publisher.publish();
}

const open = async (over: Partial<Settings> = {}) => (world = await openGate(over));

test('is resolved, listed and changed as any other, and no byte of it is parsed on the thread that serves', async () => {
  await open();
  fill();
  const { image } = world;
  expect(await pull()).toBe(200);
  expect(await pull(image.digest)).toBe(200);
  expect(await pull('never-signed')).toBe('upstream.not-found');
  expect(await pull(digestOf(7))).not.toBe(200);
  const list = await world.get('/v2/acme/app/tags/list');
  expect((JSON.parse(list.body.toString()) as { tags: string[] }).tags).toHaveLength(TAGS + 1);
  world.publisher.revoke('1.0').publish();
  later();
  expect(await pull()).toBe('trust.unsigned');
  expect(await pull(image.digest)).toBe('policy.digest-outside-closure');
  expect(parsedHere).toEqual([]);
});

test('that grows is moved with all that it said, and a removal in the same update is not lost', async () => {
  await open({ rule: 'require: [vendor]\n    digests: any' });
  expect(await pull()).toBe(200);
  expect(parsedHere.length).toBeGreaterThan(0);
  world.publisher.revoke('1.0');
  fill();
  later();
  expect(await pull()).toBe('trust.unsigned');
  const next = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('next')] });
  world.publisher.sign('1.0', next.digest, next.size).publish();
  later();
  expect(await pull()).toBe(200);
  expect(await pull(world.image.digest)).toBe('policy.digest-outside-closure');
  expect(Math.max(...parsedHere)).toBeLessThan(SMALL);
});

test('is opened from the database after a restart: what has not changed is not fetched again', async () => {
  await open();
  fill();
  expect(await pull()).toBe(200);
  const fetched = targetsRequests();
  await world.restart();
  later();
  expect(await pull()).toBe(200);
  expect(targetsRequests()).toBe(fetched);
  expect(parsedHere).toEqual([]);
});

test('outages, forgeries and limits end as they do for small ones', async () => {
  await open();
  fill();
  expect(await pull()).toBe(200);
  world.notary.misbehaviours.set('timestamp', { kind: 'status', status: 503 });
  later();
  expect(await pull()).toBe(200);
  world.notary.misbehaviours.clear();
  world.publisher.of('timestamp').version = 0;
  world.publisher.publish();
  later();
  expect(await pull()).toBe(200);
  expect(await alarms()).toEqual(['trust.rollback']);
  await world.restart({ more: 'limits: { metadata: 300KiB }' });
  world.publisher.of('timestamp').version = 7;
  for (let i = 0; i < TAGS; i++) world.publisher.sign(`more-${i}`, digestOf(i), 1);
  world.publisher.publish();
  later();
  expect(await pull()).toBe(200);
  expect(await alarms()).toEqual(['trust.rollback', 'trust.too-large']);
});
