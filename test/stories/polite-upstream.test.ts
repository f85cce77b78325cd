import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AddedImage } from '../../src/simulator/registry.ts';
import { rateLimited, RESET, status } from '../../src/simulator/registry-lies.ts';
import { FAILURES, PAUSE } from '../../src/upstream/circuit.ts';
import { type GateWorld, openGate } from './gate-world.ts';

/** The whole gate before a registry that limits it, or is down: what is cached is served, everybody else is told when to come back. */
const APP = '/v2/acme/app';
const HOUR = 3_600_000;
let world: GateWorld;
let cold: AddedImage;
let free: AddedImage;

beforeEach(async () => {
  world = await openGate({
    rule: `require: [vendor]
  - match: reg.example/free/**
    allow: { reason: bootstrap, owner: platform, until: 2027-01-01 }`,
  });
  cold = world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [Buffer.from('another layer')] });
  free = world.registry.addImage({ repository: 'free/tool', tag: '1', layers: [] });
  world.publisher.sign('2.0', cold.digest, cold.size).publish();
});
afterEach(async () => await world.close());

const tag = (name: string) => world.get(`${APP}/manifests/${name}`);
const layerOf = (image: AddedImage) => world.get(`${APP}/blobs/${image.layers[0]!}`);
const manifestPath = (image: AddedImage): string => `${APP}/manifests/${image.digest}`;
const asked = (): string[] => world.registry.seen.map(({ method, url }) => `${method} ${url}`);

/** Pulls the first image, and forgets what that took. */
async function warmUp(): Promise<void> {
  expect((await tag('1.0')).status).toBe(200);
  expect((await layerOf(world.image)).status).toBe(200);
  world.registry.seen.length = 0;
}

async function expectWarm(): Promise<void> {
  expect((await tag('1.0')).status).toBe(200);
  expect((await layerOf(world.image)).body.toString()).toBe('layer');
}

test('a cold pull of a signed tag is one GET of the manifest and one of each blob: no HEAD, and nothing by tag', async () => {
  await world.get(`${APP}/manifests/1.0`, { method: 'HEAD' });
  await tag('1.0');
  await world.get(`${APP}/blobs/${world.image.layers[0]!}`, { method: 'HEAD' });
  await Promise.all([layerOf(world.image), layerOf(world.image)]);
  expect(asked()).toEqual([`GET ${manifestPath(world.image)}`, `GET ${APP}/blobs/${world.image.layers[0]!}`]);
});

describe('a registry that says 429', () => {
  test('is left alone for as long as it says: what is cached is served, who wants more is told when', async () => {
    await warmUp();
    world.registry.lie(manifestPath(cold), rateLimited(120), 1);
    for (const passed of [0, 50_000]) {
      world.clock += passed;
      const refused = await tag('2.0');
      expect([refused.status, refused.reason]).toEqual([429, 'upstream.rate-limited']);
      expect(refused.headers['retry-after']).toBe(String(120 - passed / 1_000));
      expect(refused.message).toContain('limits the rate of requests (429)');
      await expectWarm();
    }
    expect(asked()).toEqual([`GET ${manifestPath(cold)}`]);
    world.clock += 70_000;
    expect((await tag('2.0')).status).toBe(200);
  });

  test('still gives the blobs of a pull that had begun', async () => {
    expect((await tag('2.0')).status).toBe(200);
    world.registry.lie(manifestPath(world.image), rateLimited(120), 1);
    expect((await tag('1.0')).status).toBe(429);
    expect((await layerOf(cold)).body.toString()).toBe('another layer');
  });

  test('by its token server is left alone, too', async () => {
    const challenge = { 'www-authenticate': `Bearer realm="${new URL('/t', world.registry.url).href}"` };
    for (const image of [cold, world.image]) world.registry.lie(manifestPath(image), status(401, challenge));
    world.registry.lie('/t', rateLimited(50));
    for (const name of ['1.0', '2.0', '1.0']) {
      const refused = await tag(name);
      expect([refused.status, refused.headers['retry-after']]).toEqual([429, '50']);
    }
    expect(world.registry.count('/t')).toBe(1);
  });

  test('shows what it allows, and what is left of it', async () => {
    const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' };
    world.registry.lie(manifestPath(world.image), { kind: 'headers', headers });
    await tag('1.0');
    const metrics = await world.gate.metrics.text();
    expect(metrics).toContain('tufgate_upstream_ratelimit_limit{upstream="reg.example"} 100');
    expect(metrics).toContain('tufgate_upstream_ratelimit_remaining{upstream="reg.example"} 76');
  });
});

test('the last word of a registry on an allowed tag stands for an hour in which it cannot be asked', async () => {
  const pull = () => world.get('/v2/free/tool/manifests/1');
  expect((await pull()).status).toBe(200);
  world.registry.moveTag('free/tool', '1', world.registry.addImage({ repository: 'free/tool', layers: [] }).digest);
  for (const trouble of [status(503), rateLimited(1), RESET]) {
    world.registry.lie('/v2/free/tool/manifests/1', trouble);
    world.clock += 120_000;
    expect((await pull()).headers['docker-content-digest']).toBe(free.digest);
  }
  world.clock += HOUR;
  expect((await pull()).reason).toBe('upstream.unreachable');
});

describe('a registry that is down', () => {
  beforeEach(async () => {
    await warmUp();
    world.registry.lie(manifestPath(cold), RESET);
    for (let i = 0; i < FAILURES; i += 1) expect((await tag('2.0')).status).toBe(504);
    world.registry.seen.length = 0;
  });

  const state = async (name: string): Promise<boolean> =>
    (await world.gate.metrics.text()).includes(`tufgate_upstream_circuit{upstream="reg.example",state="${name}"} 1`);

  test('is left alone after five failures: what is cached is served, others are told since when, and until when', async () => {
    const refused = await tag('2.0');
    expect([refused.status, refused.reason]).toEqual([504, 'upstream.unreachable']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(PAUSE.baseMs / 1_000);
    expect(refused.message).toContain('reg.example cannot be reached since 2026-11-21T12:00:00.000Z');
    expect((await layerOf(cold)).status).not.toBe(200);
    await expectWarm();
    expect(asked()).toEqual([]);
    expect(await state('open')).toBe(true);
  });

  test('is tried by one question when its pause is over, and asked as always once that is answered', async () => {
    world.clock += PAUSE.baseMs;
    await Promise.all(Array.from({ length: 10 }, () => tag('2.0')));
    // One question, which the wire repeats once after a reset.
    expect(asked()).toHaveLength(2);
    world.registry.repent();
    world.clock += 2 * PAUSE.baseMs;
    expect((await tag('2.0')).status).toBe(200);
    expect(await state('closed')).toBe(true);
    expect((await layerOf(cold)).status).toBe(200);
  });
});

test('one broken repository, found by anybody and polled, stops no other, and keeps nothing stopped', async () => {
  const broken = world.registry.addImage({ repository: 'free/broken', tag: '1', layers: [] });
  world.registry.lie('/v2/free/broken/manifests/1', status(500));
  const poll = () => world.get('/v2/free/broken/manifests/1');
  for (let i = 0; i < 3 * FAILURES; i += 1) expect((await poll()).reason).toBe('upstream.unreachable');
  expect((await tag('2.0')).status).toBe(200);
  world.registry.lie(manifestPath(world.image), RESET);
  await poll();
  for (let i = 0; i < FAILURES; i += 1) expect((await tag('1.0')).status).toBe(504);
  world.registry.repent();
  world.registry.lie('/v2/free/broken/manifests/1', status(500));
  world.clock += PAUSE.baseMs;
  for (let i = 0; i < FAILURES; i += 1) await poll();
  expect((await tag('1.0')).status).toBe(200);
  world.registry.repent();
  expect((await poll()).headers['docker-content-digest']).toBe(broken.digest);
});

test('a trust server that fails again and again is asked again each time: a circuit would hold back a revocation', async () => {
  expect((await tag('1.0')).status).toBe(200);
  world.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  for (let round = 0; round < 3 * FAILURES; round += 1) {
    const before = world.notary.requests.length;
    world.clock += 61_000;
    expect((await tag('1.0')).status).toBe(200);
    expect(world.notary.requests.length).toBeGreaterThan(before);
  }
  world.notary.misbehaviours.clear();
  world.publisher.revoke('1.0').publish();
  world.clock += 61_000;
  expect((await tag('1.0')).status).toBe(403);
});
