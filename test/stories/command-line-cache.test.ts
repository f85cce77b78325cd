import { appendFile, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openFsBlobStore } from '../../src/cache/fs/fs-blob-store.ts';
import { hexOf, type Digest } from '../../src/oci/digest.ts';
import { blobOf, keep } from '../contract/blob-store.ts';
import type { GateWorld } from './gate-world.ts';
import { shell } from './shell.ts';

const { world, configure, command, document, said, folder } = shell();

/** The image is pulled and in the cache. @returns its digests: manifest, configuration, layer */
async function pulled(over: Parameters<typeof world>[0] = {}) {
  const gate = await world(over);
  await gate.gate.cache.settled();
  await pull(gate, '1.0', 3);
  const file = await configure(settings(gate));
  const digests = gate.image;
  return { gate, file, digests };
}

async function pull(gate: GateWorld, tag: string, blobs: number): Promise<void> {
  const manifest = await gate.get(`/v2/acme/app/manifests/${tag}`);
  expect(manifest.status).toBe(200);
  const { config, layers } = JSON.parse(manifest.body.toString()) as { config: Named; layers: Named[] };
  for (const { digest } of [config, ...layers]) await gate.get(`/v2/acme/app/blobs/${digest}`);
  while (gate.gate.cache.usage().blobs < blobs) await setImmediate();
}

interface Named {
  readonly digest: Digest;
}

function settings(gate: GateWorld, more = ''): string {
  return `data: "${gate.folder}/data"
upstreams: { reg.example: { url: "${gate.registry.url.href}" } }
trust: { vendor: { type: notary, url: "${gate.notary.url.href}", first_use: remember } }
policy: [{ match: '**', require: [vendor] }]
${more}`;
}

const cacheOf = (gate: GateWorld) => join(gate.folder, 'data/cache/v1');
const fileOf = (gate: GateWorld, digest: Digest) =>
  join(cacheOf(gate), 'blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest));
const listed = async (file: string): Promise<Digest[]> => {
  await command('cache', 'ls', '--json', '--config', file);
  return (document() as Named[]).map(({ digest }) => digest);
};

test('without a cache there is nothing to tell, and no folder is made', async () => {
  const file = await configure(settings({ ...(await world()), folder: folder() }));
  for (const argv of [['ls'], ['gc'], ['verify'], ['rm', 'a/b:1']]) {
    expect(await command('cache', ...argv, '--json', '--config', file)).toBe(4);
    expect(document()).toMatchObject({ error: { message: expect.stringContaining('nothing is cached') as string } });
  }
  await expect(stat(join(folder(), 'data'))).rejects.toThrow();
});

test('cache ls: what is kept, the last used first, with the images that need it, beside a running gate', async () => {
  const { gate, file, digests } = await pulled();
  await gate.get(`/v2/acme/app/manifests/1.0`);
  expect(await command('cache', 'ls', '--json', '--config', file)).toBe(0);
  const blobs = document() as { digest: Digest; size: number }[];
  expect(blobs).toHaveLength(3);
  for (const blob of blobs) {
    expect(blob).toMatchObject({
      images: ['reg.example/acme/app:1.0'],
      verified: '2026-11-21T12:00:00Z',
      lastUsed: '2026-11-21T12:00:00Z',
    });
  }
  expect(await command('cache', 'ls', '--config', file)).toBe(0);
  expect(said.stdout.split('\n')).toHaveLength(4);
  expect(said.stdout).toContain(
    `${digests.digest}  ${digests.size} bytes  used 2026-11-21T12:00:00Z  verified 2026-11-21T12:00:00Z  reg.example/acme/app:1.0\n`,
  );
});

test('cache ls TEXT: those with it in the digest, or in the name of an image', async () => {
  const { file, digests } = await pulled();
  const count = async (text: string) => {
    await command('cache', 'ls', text, '--json', '--config', file);
    return (document() as unknown[]).length;
  };
  expect(await count('acme/app')).toBe(3);
  expect(await count(digests.digest.slice(7, 19))).toBe(1);
  expect(await count('acme/other')).toBe(0);
});

test('cache rm DIGEST: the gate that runs fetches it again', async () => {
  const { gate, file, digests } = await pulled();
  expect(await command('cache', 'rm', digests.digest, '--config', file)).toBe(0);
  expect(said.stdout).toBe(`removed  ${digests.digest}  ${digests.size} bytes\n`);
  await expect(stat(fileOf(gate, digests.digest))).rejects.toThrow();
  expect(gate.gate.cache.usage().blobs).toBe(2);
  await pull(gate, '1.0', 3);
  expect(await listed(file)).toContain(digests.digest);
});

test('cache rm IMAGE: all that nothing else needs goes', async () => {
  const { gate, file } = await pulled();
  const other = gate.registry.addImage({
    repository: 'acme/app',
    tag: '2.0',
    layers: [Buffer.from('layer'), Buffer.from('another layer')],
  });
  gate.publisher.sign('2.0', other.digest, other.size).publish();
  gate.clock += 3_600_000;
  await pull(gate, '2.0', 6 - 1);
  expect(await command('cache', 'rm', 'reg.example/acme/app:2.0', '--json', '--config', file)).toBe(0);
  const { removed } = document() as { removed: Named[] };
  const left = await listed(file);
  expect(removed.map(({ digest }) => digest)).toContain(other.digest);
  expect(left).toHaveLength(3);
  for (const { digest } of removed) expect(left).not.toContain(digest);
  expect(await command('cache', 'rm', 'reg.example/acme/app:2.0', '--config', file)).toBe(4);
  expect(await command('cache', 'rm', 'reg.example/acme/app:9', '--json', '--config', file)).toBe(4);
  expect(await command('cache', 'rm', 'Nope!', '--config', file)).toBe(2);
  expect(await command('cache', 'rm', 'sha256:12', '--config', file)).toBe(2);
});

test('cache verify: damage is set apart, exits 3, and is fetched again', async () => {
  const { gate, file, digests } = await pulled();
  expect(await command('cache', 'verify', '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/^Hashed 3 blobs, .* bytes: all are what their names say\.\n$/);
  const path = fileOf(gate, digests.digest);
  const { size, atime, mtime } = await stat(path);
  await writeFile(path, Buffer.alloc(size, '-'));
  await utimes(path, atime, mtime);
  expect(await command('cache', 'verify', '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject({ blobs: 3, damaged: [digests.digest], adopted: 0, dropped: 0 });
  expect(await readdir(join(cacheOf(gate), 'quarantine'))).toHaveLength(1);
  expect(await listed(file)).not.toContain(digests.digest);
  await pull(gate, '1.0', 3);
  expect(await command('cache', 'verify', '--config', file)).toBe(0);
});

test('cache verify finds what was put there, taken away, or made longer by hand', async () => {
  const { gate, file, digests } = await pulled();
  const [config, layer] = (await listed(file)).filter((digest) => digest !== digests.digest);
  await rm(fileOf(gate, config!));
  await appendFile(fileOf(gate, layer!), 'x');
  const strange = fileOf(gate, `sha256:${'ab'.repeat(32)}` as Digest);
  await mkdir(join(strange, '..'), { recursive: true });
  await writeFile(strange, 'not its content');
  expect(await command('cache', 'verify', '--config', file)).toBe(3);
  expect(said.stdout).toContain(`damaged  ${layer}`);
  expect(said.stdout).toContain(`damaged  sha256:${'ab'.repeat(32)}`);
  expect(said.stdout).toContain('2 blobs damaged. 1 file had not been entered, 1 were missing.');
  expect(await listed(file)).toEqual([digests.digest]);
});

test('cache verify: progress is one line on a terminal', async () => {
  const { file } = await pulled();
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  expect(await command('cache', 'verify', '--config', file)).toBe(0);
  process.stderr.isTTY = isTTY;
  expect(said.stderr).toMatch(/\r\x1b\[K3 of 3 blobs, .* hashed\r\x1b\[K$/);
});

test('cache gc: down to the low water or a size, and temporary files only when no gate runs', async () => {
  const { gate, file } = await pulled();
  await writeFile(join(cacheOf(gate), 'tmp/left'), 'x');
  expect(await command('cache', 'gc', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ evicted: { blobs: 0 }, kept: { blobs: 3 }, temporary: null, quarantined: 0 });
  expect(await command('cache', 'gc', '--to', '0', '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/^Evicted 3 blobs, .*; kept 0 blobs, 0 bytes\.\n/);
  expect(said.stdout).toContain('those of the gate that runs');
  expect(gate.gate.cache.usedBytes).toBe(0);
  expect(await command('cache', 'gc', '--to', 'much', '--config', file)).toBe(2);
});

test('cache gc without a gate removes what a crash has left, and with --quarantine damaged files', async () => {
  const file = await configure(settings({ ...(await world()), folder: folder() }));
  const directory = join(folder(), 'data/cache');
  const [a, b] = [blobOf('a'), blobOf('b')];
  const store = await openFsBlobStore({ directory, maxBytes: 100, lowWaterBytes: 50, now: Date.now });
  for (const { bytes, digest } of [a, b]) await keep(store, bytes, digest);
  await store.quarantine(a.digest);
  await store.close();
  await writeFile(join(directory, 'v1/tmp/left'), 'x');
  expect(await command('cache', 'ls', '--config', file)).toBe(0);
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual(['left']);
  expect(await command('cache', 'gc', '--quarantine', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ kept: { blobs: 1 }, temporary: 1, quarantined: 1 });
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
  expect(await readdir(join(directory, 'v1/quarantine'))).toEqual([]);
});

test('what current images need is pinned: gc spares it, and says so; a size that was named is kept to', async () => {
  const { gate } = await pulled();
  const file = await configure(settings(gate, 'cache: { max_size: 1MiB, low_water: 1B, pin: current }\n'));
  expect(await command('cache', 'gc', '--config', file)).toBe(0);
  expect(said.stdout).toContain('kept 3 blobs');
  expect(said.stderr).toContain('pinned: say --to SIZE');
  expect(await command('cache', 'gc', '--to', '0', '--config', file)).toBe(0);
  expect(said.stdout).toContain('kept 0 blobs');
});
