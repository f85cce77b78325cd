import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Flight } from '../../src/pull/blob/flight.ts';
import { ReadBuffers } from '../../src/pull/blob/read-buffers.ts';
import { listen } from '../../src/server/listen.ts';
import { type GateWorld, openGate } from './gate-world.ts';

/** Clients, and repositories, that ask for much and give nothing. */
const APP = '/v2/acme/app';
const EVIL = '/v2/evil/x';
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const BIG = Buffer.alloc(6_000_000, 'big');
const EVERYBODY = { timeout: 10_000 };

let world: GateWorld;
let layer: string;

beforeEach(async () => {
  world = await openGate({
    rule: `require: [vendor]
  - match: reg.example/evil/**
    allow: { reason: bootstrap, owner: platform, until: 2027-01-01 }`,
    more: 'cache: { max_size: 32MiB, low_water: 80% }',
  });
  const big = world.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [BIG] });
  world.registry.addImage({ repository: 'evil/x', tag: '1', layers: [BIG] });
  world.publisher.sign('2.0', big.digest, big.size).publish();
  layer = big.layers[0]!;
  expect((await world.get(`${APP}/manifests/2.0`)).status).toBe(200);
});
afterEach(async () => {
  vi.restoreAllMocks();
  world.registry.release();
  await world.close();
});

const get = (path: string, range = 'bytes=0-'): string =>
  `GET ${path} HTTP/1.1\r\nhost: gate\r\nrange: ${range}\r\n\r\n`;
const blobPath = (): string => `${APP}/blobs/${layer}`;

function dial(text: string, url = world.url): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text);
  return socket;
}

test('hundreds of pipelined blobs of clients that left hold no buffer', async () => {
  await world.get(blobPath());
  const lend = vi.spyOn(ReadBuffers.prototype, 'lend');
  const giveBack = vi.spyOn(ReadBuffers.prototype, 'giveBack');
  const clients = Array.from({ length: 8 }, () => dial(get(blobPath()).repeat(30)).pause());
  await vi.waitFor(() => expect(lend.mock.calls.length).toBeGreaterThanOrEqual(8), EVERYBODY);
  for (const client of clients) client.destroy();
  await vi.waitFor(() => expect(giveBack).toHaveBeenCalledTimes(lend.mock.calls.length), EVERYBODY);
  expect(lend).toHaveBeenCalledTimes(8);
  expect((await world.get(blobPath())).body.equals(BIG)).toBe(true);
});

test('a blob that waits behind an answer that never ends is given up with its client', async () => {
  await world.get(blobPath());
  const lend = vi.spyOn(ReadBuffers.prototype, 'lend');
  const giveBack = vi.spyOn(ReadBuffers.prototype, 'giveBack');
  const listener = await listen({ host: '127.0.0.1', port: 0 }, (incoming, outgoing) => {
    if (incoming.url !== '/never') world.gate.registryListener(incoming, outgoing);
  });
  const client = dial(get('/never') + get(blobPath()), listener.url);
  await vi.waitFor(() => expect(lend).toHaveBeenCalledOnce(), EVERYBODY);
  client.destroy();
  await vi.waitFor(() => expect(giveBack).toHaveBeenCalledOnce(), EVERYBODY);
  await listener.close(0);
});

test('a fetch that only pipelined requests of a client that left waited for is left', async () => {
  const board = vi.spyOn(Flight.prototype, 'board');
  const leave = vi.spyOn(Flight.prototype, 'leave');
  world.registry.lie(blobPath(), { kind: 'stall', bytes: 100_000 });
  const client = dial(get(blobPath()).repeat(30));
  await vi.waitFor(() => expect(world.registry.count(blobPath())).toBe(1), EVERYBODY);
  client.destroy();
  await vi.waitFor(() => expect(leave).toHaveBeenCalledTimes(board.mock.calls.length), EVERYBODY);
  world.registry.repent();
  expect((await world.get(blobPath())).body.equals(BIG)).toBe(true);
});

test('a few pipelined blobs are answered in order', async () => {
  await world.get(blobPath());
  const client = dial([0, 1, 2, 3].map((n) => get(blobPath(), `bytes=${n}-${n + 2}`)).join(''));
  let text = '';
  client.on('data', (data: Buffer) => (text += data.toString('latin1')));
  await vi.waitFor(() => expect(text.match(/206 Partial/g)).toHaveLength(4), EVERYBODY);
  await vi.waitFor(() => expect(text.match(/\r\n\r\n[big]{3}/g)).toHaveLength(4), EVERYBODY);
  expect(text.match(/\r\n\r\n[big]{3}/g)!.map((body) => body.trim())).toEqual(['big', 'igb', 'gbi', 'big']);
  client.destroy();
});

test('more pipelined blobs than anybody needs end the connection', async () => {
  await world.get(blobPath());
  const lend = vi.spyOn(ReadBuffers.prototype, 'lend');
  const giveBack = vi.spyOn(ReadBuffers.prototype, 'giveBack');
  const client = dial(get(blobPath()).repeat(100));
  await new Promise((resolve) => client.resume().once('close', resolve));
  await vi.waitFor(() => expect(giveBack).toHaveBeenCalledTimes(lend.mock.calls.length), EVERYBODY);
});

test('an allowed repository that stalls does not stall an approved one with the same layer', async () => {
  expect((await world.get(`${EVIL}/manifests/1`)).status).toBe(200);
  const evil = `${EVIL}/blobs/${layer}`;
  world.registry.lie(evil, { kind: 'stall', bytes: 3_000_000 });
  const client = dial(get(evil)).resume();
  await vi.waitFor(() => expect(world.registry.count(evil)).toBe(1), EVERYBODY);
  expect((await world.get(blobPath())).body.equals(BIG)).toBe(true);
  client.destroy();
});

test('a size that is only claimed evicts nothing', async () => {
  await world.get(blobPath());
  const hex = layer.slice('sha256:'.length);
  await vi.waitFor(() => stat(join(world.folder, 'data/cache/v1/blobs/sha256', hex.slice(0, 2), hex)), EVERYBODY);
  const claimed = `sha256:${'ab'.repeat(32)}`;
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: claimed, size: 30 << 20 };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config, layers: [] });
  world.registry.addManifest('evil/x', Buffer.from(manifest), IMAGE, 'claims');
  expect((await world.get(`${EVIL}/manifests/claims`)).status).toBe(200);
  expect((await world.get(`${EVIL}/blobs/${claimed}`)).status).toBe(404);
  await world.get(blobPath());
  expect(world.registry.count(blobPath())).toBe(1);
});
