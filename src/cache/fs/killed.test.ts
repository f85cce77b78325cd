import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { listed } from '../../../test/contract/blob-store.ts';
import { type FsBlobStore, openFsBlobStore } from './fs-blob-store.ts';

const KILLS = Number(process.env['KILLS'] ?? 8);
const keeper = fileURLToPath(new URL('../../../test/contract/keep-forever.js', import.meta.url));

/** Killed once it has kept so many blobs, in the middle of the next ones. */
async function killedAfter(directory: string, seed: number, blobs: number): Promise<void> {
  const child = spawn(process.execPath, [keeper, directory, `${seed}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let kept = 0;
  child.stdout.on('data', (dots: Buffer) => {
    kept += dots.length;
    if (kept >= blobs) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBeNull();
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(join(directory, 'v1/blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Each file is what its name says, each has a row, each row has a file, and the sums are right. */
async function assertWhole(directory: string, store: FsBlobStore): Promise<void> {
  const files = await filesIn(directory);
  const sizes = new Map<string, number>();
  for (const file of files) {
    const bytes = await readFile(file);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(basename(file));
    sizes.set(`sha256:${basename(file)}`, bytes.length);
  }
  expect(new Map((await listed(store)).map(({ digest, size }) => [digest as string, size]))).toEqual(sizes);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(store.usage()).toMatchObject({ blobs: files.length, bytes });
}

test('killed at any instant, the next start has each file under its name, and counts what is there', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'killed-')), 'cache');
  for (let kill = 0; kill < KILLS; kill++) {
    await killedAfter(directory, kill, 20 + ((kill * 37) % 150));
    const said: string[] = [];
    const onTrouble = (message: string): void => void said.push(message);
    const store = await openFsBlobStore({
      directory,
      maxBytes: 400_000,
      lowWaterBytes: 300_000,
      now: Date.now,
      onTrouble,
    });
    await store.settled();
    await assertWhole(directory, store);
    expect(said).toEqual([]);
    await store.close();
  }
  await rm(join(directory, '..'), { recursive: true });
}, 60_000);
