import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { run } from './real/run.ts';

/**
 * The client under test of the public conformance suite, started as the suite starts it: a process for each command, and
 * files between them. What is refused, and why, is told by the tests beside the client; these see that the program is whole.
 */
const CLIENT = fileURLToPath(new URL('../conformance/tuf-client', import.meta.url));
const NAME = 'some/target.txt';
const KEPT = encodeURIComponent(NAME);

let folder: string;
let repository: TufRepository;
let server: TufServer;
let targets: Map<string, Uint8Array>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-client-'));
  for (const name of ['metadata', 'targets']) mkdirSync(join(folder, name));
  repository = new TufRepository(Date.now());
  targets = new Map();
  server = new TufServer().serve('metadata', repository.files).serve('targets/some', targets);
  await server.listen();
  put('content');
  writeFileSync(join(folder, 'root.json'), repository.at('root', 1));
  expect(await client('init', join(folder, 'root.json'))).toBe(0);
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function put(content: string): void {
  const sha256 = createHash('sha256').update(content).digest('hex');
  repository.put(NAME, { length: content.length, hashes: { sha256 } }).publish();
  targets.set(`${sha256}.target.txt`, Buffer.from(content));
}

async function client(...words: readonly string[]): Promise<number> {
  return (await run(CLIENT, ['--metadata-dir', join(folder, 'metadata'), ...words])).code;
}

const url = (name: string): string => `${server.url.href}${name}/`;
const refresh = (): Promise<number> => client('--metadata-url', url('metadata'), 'refresh');
const download = (): Promise<number> => {
  const place = ['--target-dir', join(folder, 'targets'), '--target-base-url', url('targets')];
  return client('--metadata-url', url('metadata'), '--target-name', NAME, ...place, 'download');
};

it('begins at the pinned root, updates, and keeps the files that verified', async () => {
  expect(await refresh()).toBe(0);
  const kept = readdirSync(join(folder, 'metadata')).filter((name) => name.endsWith('.json'));
  expect(kept.sort()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
  expect(readFileSync(join(folder, 'metadata/targets.json'))).toEqual(Buffer.from(repository.at('targets')));
});

it('downloads what was signed, and asks no second time for what it has', async () => {
  expect(await download()).toBe(0);
  expect(readFileSync(join(folder, 'targets', KEPT), 'utf8')).toBe('content');
  const asked = server.requests.filter(({ path }) => path.startsWith('targets/')).length;
  expect(await download()).toBe(0);
  expect(server.requests.filter(({ path }) => path.startsWith('targets/'))).toHaveLength(asked);
  put('other content');
  expect(await download()).toBe(0);
  expect(readFileSync(join(folder, 'targets', KEPT), 'utf8')).toBe('other content');
});

it('ends with an error, and keeps what it had, when a target or the metadata is not what was signed', async () => {
  expect(await download()).toBe(0);
  const before = readFileSync(join(folder, 'metadata/timestamp.json'));
  put('c1');
  for (const path of targets.keys()) targets.set(path, Buffer.from('c2'));
  expect(await download()).toBe(1);
  expect(readFileSync(join(folder, 'targets', KEPT), 'utf8')).toBe('content');
  const newest = readFileSync(join(folder, 'metadata/timestamp.json'));
  expect(newest).not.toEqual(before);
  repository.forge('timestamp', { signers: [] });
  expect(await refresh()).toBe(1);
  expect(readFileSync(join(folder, 'metadata/timestamp.json'))).toEqual(newest);
});
