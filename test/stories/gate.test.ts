import { afterEach, expect, test } from 'vitest';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { DAY, type GateWorld, GUN, keyOf, openGate, type Settings, START } from './gate-world.ts';

let world: GateWorld;
afterEach(async () => await world.close());
const open = async (over: Partial<Settings> = {}) => (world = await openGate(over));
const TAG = '/v2/acme/app/manifests/1.0';
const MINUTE = 60_000;
const pull = async () => {
  const { status, reason } = await world.get(TAG);
  return reason ?? status;
};
const later = (ms: number) => (world.clock += ms);
const timestamps = () => world.notary.requests.filter(({ path }) => path.endsWith('/timestamp.json')).length;
const alarms = async () => {
  await world.gate.flushDecisions();
  return (await world.gate.state.decisions({ event: 'alarm', limit: 9 })).map(({ reason }) => reason);
};

test('a signed tag is answered with exact bytes, type, length and the verified digest', async () => {
  const { image } = await open();
  const answer = await world.get(TAG);
  expect(answer.status).toBe(200);
  expect(answer.body.equals(Buffer.from(image.bytes))).toBe(true);
  expect(answer.headers).toMatchObject({
    'content-type': image.mediaType,
    'content-length': String(image.size),
    'docker-content-digest': image.digest,
    'docker-distribution-api-version': 'registry/2.0',
    'oci-namespace': 'reg.example',
  });
  const head = await world.get(TAG, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.body).toHaveLength(0);
  expect(head.headers).toMatchObject({ 'content-length': String(image.size), 'docker-content-digest': image.digest });
});

test('blobs: whole, by range, by HEAD, and not at all when the range is outside', async () => {
  const { image } = await open();
  await world.get(TAG);
  const blob = `/v2/acme/app/blobs/${image.layers[0]!}`;
  const head = await world.get(blob, { method: 'HEAD' });
  expect([head.status, head.headers['content-length']]).toEqual([200, '5']);
  expect(world.registry.count(blob)).toBe(0);
  expect((await world.get(blob)).body.toString()).toBe('layer');
  const part = await world.get(blob, { headers: { range: 'bytes=1-2' } });
  expect([part.status, part.headers['content-range'], part.body.toString()]).toEqual([206, 'bytes 1-2/5', 'ay']);
  expect((await world.get(blob, { headers: { range: 'bytes=9-' } })).status).toBe(416);
  const same = await world.get(blob, { headers: { 'if-none-match': `"${image.layers[0]!}"` } });
  expect([same.status, same.body.length]).toEqual([304, 0]);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is refused: read only', async (method) => {
  await open();
  const answer = await world.get('/v2/acme/app/blobs/uploads/', { method });
  expect([answer.status, answer.reason, answer.headers['allow']]).toEqual([405, 'request.push', 'GET, HEAD']);
});

test('the ping answers, other paths do not', async () => {
  await open();
  expect((await world.get('/v2/')).status).toBe(200);
  expect((await world.get('/')).reason).toBe('request.name');
  expect((await world.get('/v2/acme/app/manifests/..%2f..')).reason).toBe('request.name');
});

test('a refusal names the image, the rule and the reason, and is on record', async () => {
  await open();
  world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [Buffer.from('unsigned')] });
  const answer = await world.get('/v2/acme/app/manifests/2.0', { headers: { 'user-agent': 'docker/20.10' } });
  expect([answer.status, answer.reason]).toEqual([403, 'trust.unsigned']);
  expect(answer.message).toMatch(/reg\.example\/acme\/app:2\.0 is refused by rule 1 \(reg\.example\/acme\/\*\*\)/);
  await world.gate.flushDecisions();
  const [decision] = await world.gate.state.decisions({ limit: 1 });
  expect(decision).toMatchObject({
    verdict: 'deny',
    reason: 'trust.unsigned',
    client: { userAgent: 'docker/20.10' },
    sources: [{ source: 'vendor', root: { version: 1, anchor: 'keys' } }],
  });
});

test('no pin and no first use: refused at once, the trust source is not asked', async () => {
  await open({ trust: () => 'first_use: refuse' });
  expect(await pull()).toBe('trust.no-root');
  expect(world.notary.requests).toHaveLength(0);
});

test('first use is remembered: another root is refused, also after a restart', async () => {
  await open({ trust: () => 'first_use: remember' });
  expect(await pull()).toBe(200);
  const impostor = new NotaryRepository(GUN, START).sign('1.0', world.image.digest, world.image.size).publish();
  world.notary.add(impostor.touch('targets').publish());
  await world.restart();
  later(2 * MINUTE);
  await pull();
  expect((await alarms()).length).toBeGreaterThan(0);
  later(20 * DAY);
  expect(await pull()).not.toBe(200);
});

test('a pin that what was remembered does not satisfy refuses', async () => {
  await open({ trust: () => 'first_use: remember' });
  expect(await pull()).toBe(200);
  await world.restart({ trust: () => `pins: { reg.example/: { keys: [${'0'.repeat(64)}] } }` });
  expect(await pull()).toBe('trust.pin');
});

test('fresh enough means the source is not asked again; then it is', async () => {
  await open();
  await pull();
  const asked = timestamps();
  later(MINUTE - 1);
  await pull();
  expect(timestamps()).toBe(asked);
  later(1);
  await pull();
  expect(timestamps()).toBe(asked + 1);
});

test('current files are asked for past every shared cache, immutable ones are not', async () => {
  await open();
  await pull();
  const asked = world.notary.requests.map(({ path, headers }) => [
    path.split('/').at(-1) ?? '',
    headers['cache-control'],
  ]);
  const byHash = /\.[0-9a-f]{64}\.json$/;
  expect(asked.filter(([name]) => byHash.test(name ?? '')).every(([, control]) => control === undefined)).toBe(true);
  expect(asked.filter(([name]) => !byHash.test(name ?? '')).every(([, control]) => control === 'no-cache')).toBe(true);
  expect(asked.length).toBeGreaterThan(3);
});

test('a tag that is signed anew is served anew within check_every', async () => {
  await open();
  await pull();
  const next = world.registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('next')] });
  world.publisher.sign('1.0', next.digest, next.size).publish();
  later(MINUTE);
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(next.digest);
});

test('a revoked tag is refused, and so is its digest, at once', async () => {
  await open();
  await pull();
  world.publisher.revoke('1.0').publish();
  later(MINUTE);
  expect(await pull()).toBe('trust.unsigned');
  expect((await world.get(`/v2/acme/app/manifests/${world.image.digest}`)).reason).toBe(
    'policy.digest-outside-closure',
  );
  expect((await world.get(`/v2/acme/app/blobs/${world.image.layers[0]!}`)).reason).toBe(
    'policy.digest-outside-closure',
  );
});

test('an outage: the last view serves until it expires, then it is 503', async () => {
  await open();
  await pull();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  later(13 * DAY);
  expect(await pull()).toBe(200);
  expect(await alarms()).toEqual([]);
  later(2 * DAY);
  const answer = await world.get(TAG);
  expect([answer.status, answer.reason]).toEqual([503, 'trust.unreachable']);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

test('an outage with stale_if_unreachable: 1h ends after the hour', async () => {
  await open({ more: 'freshness: { check_every: 60s, stale_if_unreachable: 1h }' });
  await pull();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  later(60 * MINUTE);
  expect(await pull()).toBe(200);
  later(MINUTE);
  expect(await pull()).toBe('trust.unreachable');
});

test('refused credentials serve the last view too, with an alarm', async () => {
  await open();
  await pull();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 403 });
  later(MINUTE);
  expect(await pull()).toBe(200);
  expect(await alarms()).toEqual(['trust.unreachable']);
});

test('nothing known and the source down: 503', async () => {
  await open();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 500 });
  expect(await pull()).toBe('trust.unreachable');
});

test('expired means that the source itself served expired metadata', async () => {
  await open();
  await pull();
  later(15 * DAY);
  expect(await pull()).toBe('trust.expired');
  world.publisher.now = world.clock;
  world.publisher.of('timestamp').expires = world.clock + 14 * DAY;
  world.publisher.resign('timestamp');
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('a collection that was there and is gone is withdrawn, also after a restart during an outage', async () => {
  await open();
  await pull();
  world.notary.remove(GUN);
  later(MINUTE);
  expect(await pull()).toBe('trust.withdrawn');
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  await world.restart();
  later(MINUTE);
  expect(await pull()).not.toBe(200);
  world.notary.misbehaviours.clear();
  world.notary.add(world.publisher);
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('a collection that never was is unsigned, and the source is not asked for each pull', async () => {
  await open();
  world.notary.remove(GUN);
  expect(await pull()).toBe('trust.unsigned');
  const asked = world.notary.requests.length;
  expect(await pull()).toBe('trust.unsigned');
  expect(world.notary.requests).toHaveLength(asked);
});

test('an old timestamp is refused after a restart: floors survive', async () => {
  await open();
  await pull();
  const old = world.publisher.bytesOf('timestamp');
  const next = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('next')] });
  world.publisher.sign('1.0', next.digest, next.size).publish();
  later(MINUTE);
  await pull();
  await world.restart();
  world.notary.misbehaviours.set('timestamp', { kind: 'bytes', bytes: old });
  later(MINUTE);
  // The view goes on, the rollback does not go through, and somebody hears of it.
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(next.digest);
  expect(await alarms()).toEqual(['trust.rollback']);
});

test('an update that fails half way leaves the old view whole', async () => {
  await open();
  await pull();
  const next = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('next')] });
  world.publisher.sign('1.0', next.digest, next.size).publish();
  const name = world.notary.requests.map(({ path }) => path).find((path) => path.includes('/targets.'));
  expect(name).toBeDefined();
  world.notary.misbehaviours.set('*', { kind: 'status', status: 500 });
  world.notary.misbehaviours.set('timestamp', { kind: 'bytes', bytes: world.publisher.bytesOf('timestamp') });
  later(MINUTE);
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(world.image.digest);
  await world.restart();
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(world.image.digest);
  world.notary.misbehaviours.clear();
  later(MINUTE);
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(next.digest);
});

test('root rotations are followed one by one, and keys pins hold for each', async () => {
  await open({ trust: () => 'first_use: remember' });
  await pull();
  world.publisher.rotate('root').publish();
  world.publisher.rotate('root').publish();
  later(MINUTE);
  expect(await pull()).toBe(200);
  await world.restart({ trust: (publisher) => `pins: { reg.example/: { keys: [${keyOf(publisher)}] } }` });
  expect(await pull()).toBe(200);
  world.publisher.rotate('root').publish();
  later(MINUTE);
  // The last view goes on until it expires; the root that the pin does not name is never believed.
  await pull();
  expect(await alarms()).toEqual(['trust.pin']);
  later(20 * DAY);
  expect(await pull()).toBe('trust.pin');
});

test('a pin that does not cover what was trusted before starts the chain anew', async () => {
  await open({ trust: () => 'first_use: remember' });
  expect(await pull()).toBe(200);
  const next = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('other publisher')] });
  const other = new NotaryRepository(GUN, START).sign('1.0', next.digest, next.size).publish();
  world.notary.add(other);
  await world.restart({ trust: () => `pins: { reg.example/: { keys: [${keyOf(other)}] } }` });
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(next.digest);
  await world.restart();
  later(MINUTE);
  expect((await world.get(TAG)).headers['docker-content-digest']).toBe(next.digest);
});

test('what a stolen key named ends with the recovery, also when the view was lost in between', async () => {
  await open({ rule: 'require: [vendor]\n    digests: { superseded: 1h }' });
  const evil = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('evil')] });
  world.publisher.sign('1.0', evil.digest, evil.size).publish();
  await pull();
  world.publisher.rotate('targets').sign('1.0', world.image.digest, world.image.size).publish();
  world.notary.misbehaviours.set('timestamp', { kind: 'status', status: 503 });
  later(2 * MINUTE);
  await pull();
  world.notary.misbehaviours.clear();
  later(2 * MINUTE);
  expect(await pull()).toBe(200);
  later(10 * DAY);
  expect(await pull()).toBe(200);
  expect((await world.get(`/v2/acme/app/manifests/${evil.digest}`)).reason).toBe('policy.digest-outside-closure');
});

test.each(['targets', 'targets/releases'])(
  'a key of %s was stolen, and is taken away while the gate looks on: what it named ends at once',
  async (role) => {
    await open({ rule: 'require: [vendor]\n    digests: any' });
    const { publisher, registry, image } = world;
    if (role !== 'targets') publisher.delegate(role);
    const evil = registry.addImage({ repository: 'acme/app', layers: [Buffer.from('evil')] });
    publisher.sign('1.0', evil.digest, evil.size, role).publish();
    expect((await world.get(TAG)).headers['docker-content-digest']).toBe(evil.digest);
    publisher.rotate(role).sign('1.0', image.digest, image.size, role).publish();
    later(2 * MINUTE);
    expect((await world.get(TAG)).headers['docker-content-digest']).toBe(image.digest);
    const past = `/v2/acme/app/manifests/${evil.digest}`;
    expect((await world.get(past)).reason).toBe('policy.digest-outside-closure');
    later(10 * DAY);
    expect(await pull()).toBe(200);
    expect((await world.get(past)).reason).toBe('policy.digest-outside-closure');
  },
);

test('a role that nobody believes names a superseded image every month: it ends when it would have', async () => {
  await open({ rule: 'require: [vendor]\n    digests: { superseded: 30d }' });
  const { publisher, registry, image } = world;
  publisher.delegate('targets/releases').delegate('targets/dev');
  publisher.sign('1.0', image.digest, image.size, 'targets/releases').publish();
  await pull();
  const next = registry.addImage({ repository: 'acme/app', layers: [Buffer.from('next')] });
  publisher.sign('1.0', next.digest, next.size, 'targets/releases');
  publisher.sign('1.0', image.digest, image.size, 'targets/dev').publish();
  later(2 * MINUTE);
  expect(await pull()).toBe(200);
  later(29 * DAY);
  publisher.now = world.clock;
  publisher.of('timestamp').expires = world.clock + 14 * DAY;
  publisher.sign('1.0', next.digest, next.size, 'targets/dev').publish();
  expect(await pull()).toBe(200);
  const past = `/v2/acme/app/manifests/${image.digest}`;
  expect((await world.get(past)).status).toBe(200);
  later(DAY + 2 * MINUTE);
  publisher.sign('1.0', image.digest, image.size, 'targets/dev').publish();
  expect(await pull()).toBe(200);
  expect((await world.get(past)).reason).toBe('policy.digest-outside-closure');
});

test('a tag that is revoked and signed again does not bring back its past', async () => {
  await open({ rule: 'require: [vendor]\n    digests: any' });
  await pull();
  world.publisher.revoke('1.0').publish();
  later(MINUTE);
  await pull();
  const next = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('next')] });
  world.publisher.sign('1.0', next.digest, next.size).publish();
  later(MINUTE);
  expect(await pull()).toBe(200);
  expect((await world.get(`/v2/acme/app/manifests/${world.image.digest}`)).reason).toBe(
    'policy.digest-outside-closure',
  );
});

test('what was given out is dated when its source was last asked: a removal that is being stored meanwhile is never older', async () => {
  await open({ more: 'freshness: { check_every: 10m }' });
  expect(await pull()).toBe(200);
  later(5 * MINUTE);
  expect(await pull()).toBe(200);
  const given = await world.gate.state.givenOut(GUN, [world.image.digest]);
  expect(given.map(({ at }) => at)).toEqual([START]);
});

test('the clock is set back while the gate is down: what it had seen binds', async () => {
  await open({ more: 'freshness: { check_every: 4h }' });
  expect(await pull()).toBe(200);
  later(180 * MINUTE);
  expect(await pull()).toBe(200);
  world.clock = START;
  await world.restart();
  expect(await world.gate.state.highestClock()).toBe(START + 180 * MINUTE);
});

test('many pulls at once are one update', async () => {
  await open();
  const pulls = await Promise.all(Array.from({ length: 20 }, () => pull()));
  expect(new Set(pulls)).toEqual(new Set([200]));
  expect(timestamps()).toBe(1);
});

test('a clock that is set back does not revive what expired', async () => {
  await open();
  await pull();
  later(15 * DAY);
  expect(await pull()).toBe('trust.expired');
  world.clock = START;
  await world.restart();
  expect(await pull()).toBe('trust.expired');
});

test('signers: each named role must have signed the tag, whatever releases says', async () => {
  await open({ rule: 'require: [{ source: vendor, signers: [targets/qa, targets/security] }]' });
  const { digest, size } = world.image;
  world.publisher.delegate('targets/qa').delegate('targets/security').sign('1.0', digest, size, 'targets/qa').publish();
  expect(await pull()).toBe('trust.signer-missing');
  world.publisher.sign('1.0', digest, size, 'targets/security').publish();
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('targets/releases, where it is delegated, is believed alone', async () => {
  await open();
  world.publisher.delegate('targets/releases').publish();
  expect(await pull()).toBe('trust.unsigned');
  world.publisher.sign('1.0', world.image.digest, world.image.size, 'targets/releases').publish();
  later(MINUTE);
  expect(await pull()).toBe(200);
});

test('a flipped byte in a streamed blob cuts the connection and is an integrity event', async () => {
  await open();
  const layer = Buffer.alloc(600_000, 7);
  const image = world.registry.addImage({ repository: 'acme/app', tag: 'big', layers: [layer] });
  world.publisher.sign('big', image.digest, image.size).publish();
  await world.get('/v2/acme/app/manifests/big');
  const blob = `/v2/acme/app/blobs/${image.layers[0]!}`;
  world.registry.lie(blob, { kind: 'flip' });
  await expect(world.get(blob)).rejects.toThrow();
  await world.gate.flushDecisions();
  const [event] = await world.gate.state.decisions({ event: 'integrity', limit: 1 });
  expect(event).toMatchObject({ reason: 'integrity.digest', verdict: 'deny', request: 'blob' });
  world.registry.repent();
  later(MINUTE);
  expect((await world.get(blob)).body.equals(layer)).toBe(true);
});

test('tags are listed in pages, signed ones only', async () => {
  await open();
  for (const tag of ['a', 'b', 'c']) world.publisher.sign(tag, world.image.digest, world.image.size);
  world.publisher.publish();
  world.registry.moveTag('acme/app', 'unsigned', world.image.digest);
  const first = await world.get('/v2/acme/app/tags/list?n=2');
  expect(JSON.parse(first.body.toString())).toEqual({ name: 'acme/app', tags: ['1.0', 'a'] });
  const next = /<([^>]+)>/.exec(String(first.headers['link']))?.[1] ?? '';
  const second = await world.get(next);
  expect(JSON.parse(second.body.toString())).toMatchObject({ tags: ['b', 'c'] });
  expect(second.headers['link']).toBeUndefined();
});
