import { mkdir, open, rename, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../disk/sync-folder.ts';

/**
 * How an archive is written: each step is durable when it returns, so that what comes after it never outlives it in a
 * crash. Tests bring one that dies in the middle of any step.
 */
export interface Disk {
  /** With those above it. */
  makeFolder(path: string): Promise<void>;
  /** A file that is not there yet; its folder must be synced after it. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  truncate(path: string, length: number): Promise<void>;
  /** Whatever is there, with all below it. */
  remove(path: string): Promise<void>;
}

export const realDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async write(path, bytes) {
    await writeWith(path, 'wx', bytes);
  },
  syncFolder,
  async rename(from, to) {
    await rename(from, to);
    await syncFolder(dirname(to));
  },
  async append(path, bytes) {
    await writeWith(path, 'a', bytes);
    await syncFolder(dirname(path));
  },
  truncate,
  async remove(path) {
    await rm(path, { recursive: true, force: true });
  },
};

async function writeWith(path: string, flags: 'wx' | 'a', bytes: Uint8Array): Promise<void> {
  const file = await open(path, flags, 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
