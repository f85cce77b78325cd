import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GateWorld, openGate } from './gate-world.ts';

/** Clients that ask for parts: resumed downloads, parallel ones, and those that drop the connection early. */
const BIG = randomBytes(6_000_000);
const EVERYBODY = { timeout: 10_000 };

let world: GateWorld;
let path: string;
let etag: string;

beforeEach(async () => {
  world = await openGate();
  const big = world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [BIG] });
  world.publisher.sign('2.0', big.digest, big.size).publish();
  expect((await world.get('/v2/acme/app/manifests/2.0')).status).toBe(200);
  path = `/v2/acme/app/blobs/${big.layers[0]!}`;
  etag = `"${big.layers[0]!}"`;
});
afterEach(async () => {
  world.registry.release();
  await world.close();
});

const get = (headers: Record<string, string>, method = 'GET') => world.get(path, { method, headers });
const part = (start: number, end: number) => get({ range: `bytes=${start}-${end}` });

/** Opens `bytes=start-`, and drops the connection when the first bytes are there, or `after` a while. */
async function openAndDrop(start: number, until: 'first-byte' | 'sent'): Promise<void> {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1').on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: gate\r\nrange: bytes=${start}-\r\n\r\n`);
  if (until === 'first-byte') await once(socket, 'data');
  else await vi.waitFor(() => expect(world.registry.count(path)).toBe(1), EVERYBODY);
  socket.destroy();
}

describe('of a cold blob', () => {
  test('parallel ranges are one fetch from the upstream, and together the blob', async () => {
    const step = 750_000;
    const starts = Array.from({ length: BIG.length / step }, (_, i) => i * step);
    const parts = await Promise.all(starts.map((start) => part(start, start + step - 1)));
    expect(parts.map(({ status }) => status)).toEqual(starts.map(() => 206));
    expect(Buffer.concat(parts.map(({ body }) => body)).equals(BIG)).toBe(true);
    expect(world.registry.count(path)).toBe(1);
  });

  test('clients that open the rest and drop it cost the others nothing', async () => {
    world.registry.lie(path, { kind: 'stall', bytes: 3_000_000 }, 1);
    const whole = get({});
    const tail = part(5_000_000, 5_999_999);
    await vi.waitFor(() => expect(world.registry.count(path)).toBe(1), EVERYBODY);
    for (const start of [0, 1_000_000, 2_000_000]) await openAndDrop(start, 'first-byte');
    for (const start of [4_000_000, 5_999_999]) await openAndDrop(start, 'sent');
    world.registry.release();
    expect((await whole).body.equals(BIG)).toBe(true);
    expect((await tail).body.equals(BIG.subarray(5_000_000))).toBe(true);
    expect(world.registry.count(path)).toBe(1);
  });

  test('one that was dropped alone, after enough of it was fetched, is there for the next', async () => {
    world.registry.lie(path, { kind: 'stall', bytes: 3_000_000 }, 1);
    await openAndDrop(0, 'first-byte');
    world.registry.release();
    expect((await part(10, 19)).body.equals(BIG.subarray(10, 20))).toBe(true);
    expect(world.registry.count(path)).toBe(1);
  });

  test('conditions that need no body need no fetch: 304, 416, HEAD', async () => {
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    expect((await get({ range: 'bytes=6000000-' })).status).toBe(416);
    expect((await get({}, 'HEAD')).status).toBe(200);
    expect(world.registry.count(path)).toBe(0);
  });
});

describe('conditions', () => {
  beforeEach(async () => {
    expect(
      createHash('sha256')
        .update((await get({})).body)
        .digest('hex'),
    ).toBe(etag.slice(8, -1));
  });

  test.each([
    ['the same', () => ({ 'if-range': etag }), 206],
    ['another', () => ({ 'if-range': '"sha256:aa"' }), 200],
    ['a weak one', () => ({ 'if-range': `W/${etag}` }), 200],
    ['a date', () => ({ 'if-range': 'Sat, 21 Nov 2026 12:00:00 GMT' }), 200],
  ])('If-Range with %s', async (_, headers, status) => {
    const answer = await get({ range: 'bytes=10-19', ...headers() });
    expect([answer.status, answer.body.length]).toEqual([status, status === 206 ? 10 : BIG.length]);
  });

  test.each([
    ['the same', () => etag],
    ['a list with it', () => `"x", W/${etag}`],
    ['any', () => '*'],
  ])('If-None-Match with %s is 304, for GET and HEAD, and comes before the range', async (_, header) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await get({ 'if-none-match': header(), range: 'bytes=9999999-' }, method);
      expect([answer.status, answer.body.length, answer.headers['etag']]).toEqual([304, 0, etag]);
      expect(answer.headers['docker-content-digest']).toBe(etag.slice(1, -1));
    }
    expect((await get({ 'if-none-match': '"x"' })).status).toBe(200);
  });

  test('416 says how long the blob is', async () => {
    const answer = await get({ range: 'bytes=6000000-' });
    expect([answer.status, answer.headers['content-range'], answer.body.length]).toEqual([416, 'bytes */6000000', 0]);
  });

  test('HEAD has the headers of GET, and knows no range', async () => {
    const told = ({ headers }: Awaited<ReturnType<typeof get>>) =>
      ['content-type', 'content-length', 'docker-content-digest', 'accept-ranges', 'etag', 'oci-namespace'].map(
        (name) => headers[name],
      );
    const head = await get({ range: 'bytes=0-9' }, 'HEAD');
    expect(head.status).toBe(200);
    expect(told(head)).toEqual(told(await get({})));
  });
});
