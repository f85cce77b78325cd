import { statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, run } from './run.ts';
import type { Workspace } from './workspace.ts';

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

  /** To the last byte. */
  async fill(): Promise<void> {
    for (let left = this.free; left > 0; left = this.free)
      await writeFile(join(this.folder, 'filler'), Buffer.alloc(left), { flag: 'a' });
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
  return async () => void (await run('umount', ['-l', folder]));
}
