import { statfsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const CHUNK = Buffer.alloc(4096);

/** A file system of so many bytes, in memory, that can be filled up. Gone with its workspace, whatever happened. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async mount(space: Workspace, folder: string, bytes: number): Promise<SmallDisk> {
    await must('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tufgate-test', space.folder(folder)]);
    return new SmallDisk(space.at(folder));
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** To the last byte, also while others write to it. */
  async fill(): Promise<void> {
    const file = await open(join(this.folder, 'filler'), 'a');
    try {
      for (;;) await file.write(CHUNK);
    } catch (error) {
      if (!String(error).includes('ENOSPC')) throw error;
    } finally {
      await file.close();
    }
  }

  async empty(): Promise<void> {
    await rm(join(this.folder, 'filler'), { force: true });
  }
}

/**
 * Over a folder in use: whoever opens a file in it from now on finds it read-only. What is open already stays as it is.
 * @returns takes it away
 */
export async function readOnly(folder: string): Promise<() => Promise<void>> {
  await must('mount', ['--bind', folder, folder]);
  await must('mount', ['-o', 'remount,ro,bind', folder]);
  return async () => {
    await must('umount', ['-l', folder]);
  };
}
