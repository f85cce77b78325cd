import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type GateWorld, openGate } from './gate-world.ts';

/** A bad disk, or somebody with access to it, changes what is cached: nobody who pulls notices, and the operator does. */
const EVERYBODY = { timeout: 10_000 };
let world: GateWorld;
afterEach(async () => await world.close());

async function open(verify: string): Promise<{ path: string; file: string }> {
  world = await openGate({ more: `cache: { verify_reads: ${verify} }` });
  expect((await world.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  const digest = world.image.layers[0]!;
  const hex = digest.slice('sha256:'.length);
  const path = `/v2/acme/app/blobs/${digest}`;
  const file = join(world.folder, 'data/cache/v1/blobs/sha256', hex.slice(0, 2), hex);
  expect((await world.get(path)).body.toString()).toBe('layer');
  await vi.waitFor(() => stat(file), EVERYBODY);
  await world.restart(); // who asks while it lands still follows the fetch
  return { path, file };
}

const recorded = async () => {
  await world.gate.flushDecisions();
  const found = await world.gate.state.decisions({ event: 'integrity', limit: 9 });
  return found.map(({ repository, reason, asked }) => ({ repository, reason, asked }));
};

test('when every read is verified the next pull gets a fresh copy, and the damage is on record', async () => {
  const { path, file } = await open('always');
  await writeFile(file, 'lAyer');
  expect((await world.get(path)).body.toString()).toBe('layer');
  expect(world.registry.count(path)).toBe(2);
  await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('layer'), EVERYBODY);
  const asked = world.image.layers[0]!;
  expect(await recorded()).toEqual([{ repository: 'reg.example/acme/app', reason: 'integrity.digest', asked }]);
  expect(await world.gate.metrics.text()).toContain('tufgate_cache_damaged_total 1');
});

test('when none is, it is served as it is', async () => {
  const { path, file } = await open('never');
  await writeFile(file, 'lAyer');
  await utimes(file, 1, 1);
  expect((await world.get(path)).body.toString()).toBe('lAyer');
  expect(await recorded()).toEqual([]);
  expect(await readdir(join(file, '..'))).toHaveLength(1);
});
