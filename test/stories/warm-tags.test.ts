import { afterEach, expect, test, vi } from 'vitest';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest } from '../../src/oci/digest.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import type { StateStore } from '../../src/state/store.ts';
import { type GateWorld, openGate, type Settings } from './gate-world.ts';
import { MINUTE, REPOSITORY, TufWorld } from './tuf-world.ts';

/** A tag that is asked for again and again: what ends the short way, and that nothing is left out on it. */
const TAG = '/v2/acme/app/manifests/1.0';
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(over: Partial<Settings> = {}): Promise<GateWorld> {
  const world = await openGate(over);
  closers.push(() => world.close());
  return world;
}

async function openTuf(...opening: Parameters<typeof TufWorld.open>): Promise<TufWorld> {
  const world = await TufWorld.open(...opening);
  closers.push(() => world.close());
  return world;
}

/** How often the whole way was gone since the last look. */
function wholeWays(world: GateWorld): () => number {
  const get = vi.spyOn(world.gate.deps.manifests, 'get');
  return () => get.mock.calls.splice(0).length;
}

/** What a first pull has fetched is in the cache a moment later. */
const inCache = (world: GateWorld): Promise<void> => world.gate.deps.manifests.close();

async function outcome(world: GateWorld, path = TAG): Promise<unknown> {
  const { status, headers, reason } = await world.get(path);
  return reason ?? (status === 200 ? headers['docker-content-digest'] : status);
}

/** What another process does with the database of this gate. */
async function beside(world: GateWorld, work: (state: StateStore) => Promise<unknown>): Promise<void> {
  const state = openSqliteStore(join(world.folder, 'data', 'tufgate.db'));
  await work(state);
  await state.close();
}

test('the second pull goes the short way, and is recorded, counted and told as the first was', async () => {
  const world = await open();
  const whole = wholeWays(world);
  const first = await world.get(TAG);
  expect(whole()).toBe(1);
  await inCache(world);
  const second = await world.get(TAG);
  expect(whole()).toBe(0);
  expect(second.body.equals(first.body)).toBe(true);
  expect({ ...second.headers, date: '' }).toEqual({ ...first.headers, date: '' });
  await world.gate.flushDecisions();
  const [row] = await world.gate.state.decisions({ limit: 9 });
  expect(row).toMatchObject({ count: 2, tag: '1.0', verdict: 'allow', sources: [{ source: 'vendor' }] });
  const metrics = await world.gate.metrics.text();
  expect(metrics).toContain('tufgate_decisions_total{verdict="allow",reason=""} 2\n');
  expect(metrics).toContain('tufgate_cache_requests_total{outcome="hit"} 1\n');
  expect(metrics).toMatch(/tufgate_http_request_seconds_count\{route="manifests",status="2xx"\} 2\n/);
});

test('a client that has it already is told so, however it says that; another is not', async () => {
  const world = await open();
  const etag = String((await world.get(TAG)).headers['etag']);
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await world.get(TAG, { method, headers: { 'if-none-match': known } });
      expect([answer.status, answer.body.length, answer.headers['etag']]).toEqual([304, 0, etag]);
      expect(answer.headers).toMatchObject({
        'docker-content-digest': world.image.digest,
        'oci-namespace': 'reg.example',
        'docker-distribution-api-version': 'registry/2.0',
      });
    }
  }
  expect((await world.get(TAG, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
});

test('a warm HEAD says all that GET does, without the body; a refusal has the same headers around it', async () => {
  const world = await open();
  const { headers } = await world.get(TAG);
  const head = await world.get(TAG, { method: 'HEAD' });
  expect([head.status, head.body.length]).toEqual([200, 0]);
  for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag'])
    expect(head.headers[name]).toBe(headers[name]);
  const refused = await world.get('/v2/acme/app/manifests/none');
  expect(refused.status).toBe(404);
  expect(refused.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(refused.body.length),
    'docker-distribution-api-version': 'registry/2.0',
    'oci-namespace': 'reg.example',
  });
});

test('a manifest too long to be kept as text comes byte for byte', async () => {
  const world = await open();
  const layers = Array.from({ length: 700 }, (_, i) => Buffer.from(`${i}`));
  const image = world.registry.addImage({ repository: 'acme/app', tag: 'long', layers });
  expect(image.size).toBeGreaterThan(64 << 10);
  world.publisher.sign('long', image.digest, image.size).publish();
  for (let times = 0; times < 2; times++) {
    const { body } = await world.get('/v2/acme/app/manifests/long');
    expect(body.equals(Buffer.from(image.bytes))).toBe(true);
  }
});

test('what the cache has no more is fetched again', async () => {
  const world = await open();
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  await world.gate.deps.manifests.drop(new Set([parseDigest(world.image.digest)]));
  const path = `/v2/acme/app/manifests/${world.image.digest}`;
  const before = world.registry.count(path);
  expect(await outcome(world)).toBe(world.image.digest);
  expect(world.registry.count(path)).toBe(before + 1);
});

test('a tag that moved is seen as soon as the view is renewed in the background', async () => {
  const world = await open();
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  const moved = world.registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('new')] });
  world.publisher.sign('1.0', moved.digest, moved.size).publish();
  expect(await outcome(world)).toBe(world.image.digest);
  await world.runs(45_000);
  expect(await outcome(world)).toBe(moved.digest);
});

test('signatures that end while their view is fresh end it at that instant', async () => {
  const world = await open();
  world.publisher.of('targets').expires = world.clock + 30_000;
  world.publisher.touch('targets').publish();
  expect(await outcome(world)).toBe(world.image.digest);
  await inCache(world);
  expect(await outcome(world)).toBe(world.image.digest);
  world.clock += 29_999;
  expect(await outcome(world)).toBe(world.image.digest);
  world.clock += 1;
  expect(await outcome(world)).toBe('trust.expired');
});

test('an exemption ends with its last day', async () => {
  const world = await open({ rule: 'allow: { reason: x, until: 2026-11-21 }' });
  world.clock = Date.parse('2026-11-21T23:59:50Z');
  const whole = wholeWays(world);
  await outcome(world);
  await inCache(world);
  await outcome(world);
  whole();
  expect(await outcome(world)).toBe(world.image.digest);
  expect(whole()).toBe(0);
  world.clock += 10_000;
  expect(await outcome(world)).toBe('policy.exemption-expired');
});

test("the registry's word for a tag counts as long as without the short way", async () => {
  const more = 'freshness: { check_every: 30s }';
  const world = await open({ rule: 'allow: { reason: x, until: 2027-11-21 }', more });
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  const moved = world.registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('new')] });
  world.clock += 29_999;
  expect(await outcome(world)).toBe(world.image.digest);
  world.clock += 1;
  expect(await outcome(world)).toBe(moved.digest);
});

test('what an allow lets through is noted as given out once a minute, as ever', async () => {
  const world = await open({ rule: 'allow: { reason: x, until: 2027-11-21 }', more: 'freshness: { check_every: 1h }' });
  const noted = async () => {
    await world.get(TAG);
    const rows = await world.gate.state.givenOut('reg.example/acme/app', [parseDigest(world.image.digest)]);
    return rows[0]!.at - start;
  };
  const start = world.clock;
  expect(await noted()).toBe(0);
  await inCache(world);
  expect(await noted()).toBe(0);
  world.clock += 59_999;
  expect(await noted()).toBe(0);
  world.clock += 1;
  expect(await noted()).toBe(60_000);
});

test('what is signed stays on the short way for as long as its source need not be asked', async () => {
  const world = await open({ more: 'freshness: { check_every: 1h }' });
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  const whole = wholeWays(world);
  world.clock += 3_599_999;
  expect(await outcome(world)).toBe(world.image.digest);
  expect(whole()).toBe(0);
  world.clock += 1;
  expect(await outcome(world)).toBe(world.image.digest);
  expect(whole()).toBe(1);
});

test('what is published into a folder is seen within the tenth of a second, as ever', async () => {
  const world = await openTuf({ folder: true });
  const { folder, image } = world.gate;
  const publish = async (): Promise<void> => {
    await mkdir(join(folder, 'published'), { recursive: true });
    for (const [name, bytes] of world.approvals.files.paths()) await writeFile(join(folder, 'published', name), bytes);
  };
  world.approve().publish();
  await publish();
  await world.pull('1.0');
  await inCache(world.gate);
  await world.pull('1.0');
  const whole = wholeWays(world.gate);
  world.later(99);
  expect(await world.outcome('1.0')).toEqual([200, image.digest]);
  expect(whole()).toBe(0);
  world.withdraw().publish();
  await publish();
  world.later(1);
  expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
});

test('what enforcing would refuse never goes the short way, and is recorded as that each time', async () => {
  const world = await open({ rule: 'require: [vendor]\n    mode: observe' });
  world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [Buffer.from('unsigned')] });
  const whole = wholeWays(world);
  for (let times = 0; times < 2; times++) expect((await world.get('/v2/acme/app/manifests/2.0')).status).toBe(200);
  expect(whole()).toBe(2);
  await world.gate.flushDecisions();
  expect(await world.gate.state.decisions({ wouldDeny: true, limit: 9 })).toMatchObject([{ count: 2 }]);
});

test('a source that stops answering is told by the next decision, and the view goes on', async () => {
  const world = await open();
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  await world.runs(45_000);
  expect(await outcome(world)).toBe(world.image.digest);
  await world.gate.flushDecisions();
  const rows = await world.gate.state.decisions({ limit: 9 });
  expect(rows.at(-1)?.sources[0]?.failure).toMatchObject({ reason: 'trust.unreachable' });
});

test('with `decisions.on_failure: refuse` no warm answer leaves before its row is stored', async () => {
  const world = await open({ more: 'decisions: { on_failure: refuse }' });
  await world.get(TAG);
  await inCache(world);
  await world.get(TAG);
  const whole = wholeWays(world);
  expect(await outcome(world)).toBe(world.image.digest);
  expect(whole()).toBe(0);
  expect(await world.gate.state.decisions({ limit: 9 })).toMatchObject([{ count: 3 }]);
  vi.spyOn(world.gate.state, 'appendDecisions').mockRejectedValue(new Error('disk full'));
  expect((await world.get(TAG)).status).toBe(500);
});

test('an approval that ends while the view is fresh ends it at that instant', async () => {
  const world = await openTuf();
  world.approve(undefined, undefined, { until: '2026-11-21T12:00:30Z' }).publish();
  await world.pull('1.0');
  await inCache(world.gate);
  await world.pull('1.0');
  expect(await world.outcome('1.0')).toEqual([200, world.gate.image.digest]);
  world.later(30_000);
  expect(await world.outcome('1.0')).toEqual([403, 'trust.expired']);
});

test.each(['require: [vendor]', 'allow: { reason: x, until: 2027-11-21 }'])(
  'a withdrawal that another process has stored binds the next pull: %s',
  async (rule) => {
    const { gate } = await openTuf({ rule });
    const whole = wholeWays(gate);
    expect(await outcome(gate)).toBe(gate.image.digest);
    await inCache(gate);
    await outcome(gate);
    whole();
    expect(await outcome(gate)).toBe(gate.image.digest);
    expect(whole()).toBe(0);
    const withdrawal = {
      source: 'approvals',
      repository: REPOSITORY,
      digest: parseDigest(gate.image.digest),
      at: gate.clock,
      seenAt: gate.clock,
      versions: new Map([['targets', 9]]),
    };
    await beside(gate, (state) => state.withdraw(withdrawal));
    expect(await outcome(gate)).toBe('trust.withdrawn');
    await beside(gate, (state) => state.liftWithdrawal(withdrawal));
    expect(await outcome(gate)).toBe(gate.image.digest);
    await gate.gate.state.withdraw(withdrawal);
    expect(await outcome(gate)).toBe('trust.withdrawn');
  },
);

test('a withdrawal that its source publishes is seen when the source is asked again', async () => {
  const world = await openTuf({ rule: 'require: [vendor]' });
  await world.pull('1.0');
  await inCache(world.gate);
  for (let times = 0; times < 2; times++) await world.pull('1.0');
  world.withdraw().publish();
  expect(await world.outcome('1.0')).toEqual([200, world.gate.image.digest]);
  world.later(MINUTE);
  expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
});

test('a digest that is covered as it was before goes the short way, too: a root, a child, and with less work a blob', async () => {
  const world = await open();
  const child = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('arm')] });
  const index = world.registry.addIndex('acme/app', 'multi', [child]);
  world.publisher.sign('multi', index.digest, index.size).publish();
  await world.get('/v2/acme/app/manifests/multi');
  const paths = [index.digest, child.digest].map((digest) => `/v2/acme/app/manifests/${digest}`);
  for (const path of paths) {
    for (let times = 0; times < 3; times++) expect((await world.get(path)).status).toBe(200);
    await inCache(world);
    await world.get(path);
  }
  const whole = wholeWays(world);
  const ancestors = vi.spyOn(world.gate.state, 'ancestors');
  for (const path of paths) expect((await world.get(path)).status).toBe(200);
  expect(whole()).toBe(0);
  const blob = `/v2/acme/app/blobs/${child.layers[0]!}`;
  expect((await world.get(blob)).status).toBe(200);
  const times = ancestors.mock.calls.length;
  expect((await world.get(blob)).body.toString()).toBe('arm');
  expect(ancestors).toHaveBeenCalledTimes(times);
  await world.gate.flushDecisions();
  const rows = await world.gate.state.decisions({ digest: parseDigest(child.digest), limit: 9 });
  expect(rows).toMatchObject([{ asked: child.digest, count: 5, sources: [{ source: 'vendor' }] }]);
});

test('what was covered is looked for anew when its tag is gone, and is not served for having been covered', async () => {
  const world = await open();
  const child = world.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('arm')] });
  const index = world.registry.addIndex('acme/app', 'multi', [child]);
  world.publisher.sign('multi', index.digest, index.size).publish();
  await world.get('/v2/acme/app/manifests/multi');
  const paths = [`manifests/${child.digest}`, `blobs/${child.layers[0]!}`].map((path) => `/v2/acme/app/${path}`);
  for (let times = 0; times < 3; times++) for (const path of paths) expect((await world.get(path)).status).toBe(200);
  world.publisher.revoke('multi').publish();
  world.clock += MINUTE;
  for (const path of paths) expect((await world.get(path)).reason).toBe('policy.digest-outside-closure');
});

test.each(['root', 'between', 'itself'])(
  'nothing is served by a way that was withdrawn since: the %s',
  async (which) => {
    const world = await openTuf({ rule: 'require: [vendor]' });
    const { gate } = world;
    const child = gate.registry.addImage({ repository: 'acme/app', layers: [Buffer.from('arm')] });
    const inner = gate.registry.addIndex('acme/app', undefined, [child]);
    const index = gate.registry.addIndex('acme/app', 'multi', [inner]);
    gate.publisher.sign('multi', index.digest, index.size).publish();
    const paths = [`manifests/${child.digest}`, `blobs/${child.layers[0]!}`].map((path) => `/v2/acme/app/${path}`);
    for (const reference of ['multi', index.digest, inner.digest]) await world.pull(reference);
    await inCache(gate);
    for (let times = 0; times < 4; times++) for (const path of paths) expect((await gate.get(path)).status).toBe(200);
    const digest = { root: index, between: inner, itself: child }[which]!.digest;
    await beside(gate, (state) =>
      state.withdraw({
        source: 'approvals',
        repository: REPOSITORY,
        digest: parseDigest(digest),
        at: gate.clock,
        seenAt: gate.clock,
        versions: new Map([['targets', 9]]),
      }),
    );
    for (const path of paths) expect((await gate.get(path)).reason).toBe('trust.withdrawn');
  },
);
