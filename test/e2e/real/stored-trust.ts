import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../../src/state/sqlite/store.ts';
import type { Collection } from '../../../src/state/store.ts';

/** Versions by role, as they are stored of one collection. */
export interface StoredVersions {
  /** The newest root under `root`. */
  readonly floors: ReadonlyMap<string, number>;
  readonly view: ReadonlyMap<string, number>;
}

/**
 * What a dead gate left behind, read from a copy of its database: the next gate must find the files as they fell, with
 * the write-ahead log still to be recovered.
 */
export async function storedTrust<C extends Collection>(
  data: string,
  collections: readonly C[],
): Promise<ReadonlyMap<C, StoredVersions>> {
  const copy = mkdtempSync(join(tmpdir(), 'tge-copy-'));
  try {
    for (const name of ['tufgate.db', 'tufgate.db-wal'])
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(copy, name));
    return await readAll(join(copy, 'tufgate.db'), collections);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function readAll<C extends Collection>(
  file: string,
  collections: readonly C[],
): Promise<ReadonlyMap<C, StoredVersions>> {
  const store = openSqliteStore(file);
  try {
    const found = new Map<C, StoredVersions>();
    for (const collection of collections) {
      const stored = await store.loadTrust(collection);
      if (stored === undefined) continue;
      const newest = stored.roots.slice(-1);
      found.set(collection, { floors: versions([...newest, ...stored.floors]), view: versions(stored.view ?? []) });
    }
    return found;
  } finally {
    await store.close();
  }
}

function versions(files: readonly { readonly role: string; readonly version: number }[]): Map<string, number> {
  return new Map(files.map(({ role, version }) => [role, version]));
}
