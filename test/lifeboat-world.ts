import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { Archive } from '../src/lifeboat/archive.ts';
import { type Captured, captureCollection, type CaptureTask } from '../src/lifeboat/capture-collection.ts';
import { type ArchivedCollection, readArchive, type ReadOptions } from '../src/lifeboat/read-archive.ts';
import type { NotaryRepository } from '../src/simulator/notary-repository.ts';
import { SimulatedSource } from '../src/simulator/simulated-source.ts';

/** An archive in a folder of its own, and a clock that stands still. */
export const START = Date.parse('2026-11-27T09:16:10Z');
export const DAY = 86_400_000;
export const A = `sha256:${'aa'.repeat(32)}`;
export const B = `sha256:${'bb'.repeat(32)}`;

export interface LifeboatWorld {
  readonly folder: () => string;
  capture(publisher: NotaryRepository, over?: Partial<CaptureTask>, at?: number): Promise<Captured | undefined>;
  /** Sixty days later, and first use allowed. */
  read(over?: Partial<ReadOptions>): Promise<readonly ArchivedCollection[]>;
  /** Paths below the folder, sorted. */
  files(): Promise<readonly string[]>;
}

export function lifeboat(): LifeboatWorld {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tufgate-lifeboat-'))));
  afterEach(() => rm(folder, { recursive: true }));
  return {
    folder: () => folder,
    async capture(publisher, over = {}, at = START) {
      const task = { gun: publisher.gun, url: 'https://notary.example/', source: new SimulatedSource(publisher) };
      const archive = await Archive.open(folder);
      return await captureCollection({ ...task, ...over }, { archive, now: () => at, maxBytes: 1 << 20 });
    },
    async read(over = {}) {
      const read: ArchivedCollection[] = [];
      const options = { now: START + 60 * DAY, allowFirstUse: true, ...over };
      for await (const each of readArchive(folder, options)) read.push(each);
      return read;
    },
    files: () => filesBelow(folder),
  };
}

export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
}

export async function bytesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = await filesBelow(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

/** The code of what a collection was refused with; `ok` when it was not. */
export function outcomeOf(read: ArchivedCollection | undefined): string {
  if (read === undefined) return 'not there';
  return read.ok ? 'ok' : read.error.code;
}
