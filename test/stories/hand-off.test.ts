import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TufgateError } from '../../src/errors.ts';
import { listen, type Listener } from '../../src/server/listen.ts';
import { type Answer, ask, type GateWorld, openGate, type Settings } from './gate-world.ts';

/** A web server before the gate: what is cached and verified is named to it, all else is sent by the gate as always. */
const BIG = randomBytes(65_536);
const SMALL = randomBytes(65_535);
/** Too large to be hashed in memory before it is sent. */
const HUGE = randomBytes(1_100_000);

let world: GateWorld;
let listener: Listener;
let big: string;
let small: string;
let huge: string;

async function open(over: Partial<Settings> = {}): Promise<void> {
  world = await openGate(over);
  const image = world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [BIG, SMALL, HUGE] });
  world.publisher.sign('2.0', image.digest, image.size).publish();
  [big, small, huge] = image.layers as unknown as [string, string, string];
  listener = await listen({ host: '127.0.0.1', port: 0 }, world.gate.handOffListener('/_x/'));
  expect((await ask(`${listener.url}/v2/acme/app/manifests/2.0`)).status).toBe(200);
}
const get = (digest: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  ask(`${listener.url}/v2/acme/app/blobs/${digest}`, { method, headers });
const handedOff = ({ headers }: Answer): unknown => headers['x-accel-redirect'];
const nameOf = (digest: string): string => `sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
const cached = async (digest: string): Promise<void> => {
  await get(digest);
  while ((await world.gate.cache.stat(digest as never)) === undefined) await new Promise(setImmediate);
  // Whoever asks before the fetch is put away still follows it. It is verified: nothing of it is broken off.
  await world.gate.deps.flights.end(new Set([digest as never]), new TufgateError('internal', 'it has landed'));
};

afterEach(async () => {
  await listener.close(0);
  await world.close();
});

describe('a cached blob', () => {
  beforeEach(async () => {
    await open();
    expect(handedOff(await get(big))).toBeUndefined();
    await cached(small);
    // Whoever asks before the fetch is put away still follows it.
    while (handedOff(await get(big)) === undefined) await new Promise(setImmediate);
  });

  test('is named by its digest, as the cache lays it out, with the headers of the blob and no body', async () => {
    const answer = await get(big);
    expect([answer.status, answer.body.length, handedOff(answer)]).toEqual([200, 0, `/_x/${nameOf(big)}`]);
    expect(existsSync(join(world.folder, 'data/cache/v1/blobs', nameOf(big)))).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '0',
      'docker-content-digest': big,
      etag: `"${big}"`,
      'oci-namespace': 'reg.example',
    });
    expect(answer.headers['accept-ranges']).toBeUndefined();
  });

  test('is judged, recorded and counted before', async () => {
    const counted = async (): Promise<readonly number[]> => {
      const text = await world.gate.metrics.text();
      const value = (name: string): number => Number(new RegExp(`^tufgate_${name} (\\d+)$`, 'm').exec(text)?.[1]);
      return ['decisions_total{verdict="allow",reason=""}', 'cache_served_bytes_total'].map((name) =>
        value(name.replace(/[{}]/g, '\\$&')),
      );
    };
    const [records = 0, bytes = 0] = await counted();
    await get(big);
    expect(await counted()).toEqual([records + 1, bytes + BIG.length]);
    const other = await ask(`${listener.url}/v2/acme/other/blobs/${big}`);
    expect([other.status, handedOff(other)]).toEqual([403, undefined]);
  });

  test.each([
    ['a part', { range: 'bytes=0-9' }, true],
    ['a part of the same', { range: 'bytes=0-9', 'if-range': 'x' }, true],
    ['the web server did not find it', { 'x-tufgate-stream': '1' }, false],
    ['conditions that it would judge by its own validators', { 'if-match': '"x"' }, false],
    ['and dates', { 'if-unmodified-since': 'Sat, 21 Nov 2026 12:00:00 GMT' }, false],
    ['no part of it', { range: 'bytes=65536-' }, false],
  ])('is handed off, or sent: %s', async (_, headers, whether) => {
    const answer = await get(big, headers);
    expect(handedOff(answer) !== undefined).toBe(whether);
    if (!whether && answer.status === 200) expect(answer.body.equals(BIG)).toBe(true);
  });

  test('that the client has is no business of the web server, nor a HEAD, nor a small one', async () => {
    expect((await get(big, { 'if-none-match': `"${big}"` })).status).toBe(304);
    expect(handedOff(await get(big, {}, 'HEAD'))).toBeUndefined();
    expect((await get(small)).body.equals(SMALL)).toBe(true);
  });

  test('is sent by the gate to those who ask at its other listener', async () => {
    const answer = await world.get(`/v2/acme/app/blobs/${big}`);
    expect([answer.body.equals(BIG), handedOff(answer)]).toEqual([true, undefined]);
  });

  test('is spared by eviction for as long as the web server may take to open it, and no longer', async () => {
    await get(big);
    await world.gate.cache.evictTo(0, 'sparing');
    expect(await world.gate.cache.stat(big as never)).toBe(BIG.length);
    await world.runs(10_000);
    await world.gate.cache.evictTo(0, 'sparing');
    expect(await world.gate.cache.stat(big as never)).toBeUndefined();
  });

  test('the record names the client that the web server asks for, and believes nobody else', async () => {
    await get(big, { 'x-real-ip': '203.0.113.9' });
    await get(big, { 'x-real-ip': 'nonsense' });
    await world.get(`/v2/acme/app/blobs/${big}`, { headers: { 'x-real-ip': '203.0.113.9' } });
    await world.gate.flushDecisions();
    const decisions = await world.gate.state.decisions({ limit: 3 });
    expect(decisions.map(({ client }) => client.address).sort()).toEqual(['127.0.0.1', '127.0.0.1', '203.0.113.9']);
  });
});

test('what is hashed at each read is never handed off', async () => {
  await open({ more: 'cache: { verify_reads: always }' });
  for (const [digest, bytes] of [
    [big, BIG],
    [huge, HUGE],
  ] as const) {
    await cached(digest);
    for (let i = 0; i < 3; i++) expect((await get(digest)).body.equals(bytes)).toBe(true);
    expect(await world.gate.metrics.text()).toContain('tufgate_cache_requests_total{outcome="hit"}');
  }
});
