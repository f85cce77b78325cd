import type * as Fs from 'node:fs/promises';

/**
 * `node:fs/promises` that fails at a step of one's choice: `vi.mock('node:fs/promises', async (real) => failing(await real()))`.
 * Each call that reads or writes is a step, those of open files too.
 */
export interface Disk {
  /** Steps since the last `reset`. */
  steps: number;
  /** The step that fails, from 1; 0 for none. */
  failsAt: number;
  /** From that step on nothing works any more, as after `kill -9`: nobody tidies up. */
  dead: boolean;
}

export const disk: Disk = { steps: 0, failsAt: 0, dead: false };

export function reset(failsAt = 0, dead = false): void {
  Object.assign(disk, { steps: 0, failsAt, dead });
}

const CALLS = [
  'copyFile',
  'link',
  'lstat',
  'mkdir',
  'open',
  'readdir',
  'readFile',
  'readlink',
  'rename',
  'rm',
  'symlink',
] as const;

export function failing(real: typeof Fs): typeof Fs {
  const calls = Object.fromEntries(CALLS.map((name) => [name, counted(real, name)]));
  return { ...real, ...calls };
}

function counted(real: typeof Fs, name: (typeof CALLS)[number]): unknown {
  const call = real[name] as (...args: readonly unknown[]) => Promise<unknown>;
  return async (...args: readonly unknown[]) => {
    step(name);
    const result = await call(...args);
    return name === 'open' ? handle(result as Fs.FileHandle) : result;
  };
}

/** A write that fails has written half. */
function handle(file: Fs.FileHandle): unknown {
  return {
    writeFile: async (bytes: Uint8Array) => {
      try {
        step('write');
      } catch (error) {
        await file.writeFile(bytes.subarray(0, bytes.length / 2));
        throw error;
      }
      await file.writeFile(bytes);
    },
    sync: async () => {
      step('sync');
      await file.sync();
    },
    close: async () => {
      await file.close();
      step('close');
    },
  };
}

function step(name: string): void {
  disk.steps++;
  const fails = disk.failsAt > 0 && (disk.dead ? disk.steps >= disk.failsAt : disk.steps === disk.failsAt);
  if (fails) throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), { code: 'ENOSPC' });
}
