import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../oci/digest.ts';

const MAX_FILES = 16;
const MAX_BYTES = 2 ** 30;

export interface Quarantined {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Damaged files, kept apart for whoever wants to know what became of them, under names that begin with the instant. Bounded: the
 * oldest go, and a disk that damages everything fills no other one.
 */
export class Quarantine {
  readonly #folder: string;
  readonly #now: () => number;
  #held: Quarantined = { files: 0, bytes: 0 };

  /** @param now epoch milliseconds */
  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  get held(): Quarantined {
    return this.#held;
  }

  /** Nothing when there is no such file. @throws as the file system says */
  async take(path: string, digest: Digest): Promise<void> {
    // A cache of before there was a quarantine has no folder for it.
    await mkdir(this.#folder, { recursive: true });
    const at = new Date(this.#now()).toISOString().replaceAll(':', '');
    try {
      await rename(path, join(this.#folder, `${at}-${algorithmOf(digest)}-${hexOf(digest)}`));
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await this.prune();
  }

  /** @param most files that may stay @returns how many went */
  async prune(most = MAX_FILES): Promise<number> {
    const found = await this.#found();
    let [files, bytes, gone] = [0, 0, 0];
    for (const each of found) {
      const fits = gone === 0 && files < most && bytes + each.bytes <= MAX_BYTES;
      if (fits) [files, bytes] = [files + 1, bytes + each.bytes];
      else gone += 1;
      if (!fits) await rm(join(this.#folder, each.name), { force: true, recursive: true });
    }
    this.#held = { files, bytes };
    return gone;
  }

  /** The newest first. */
  async #found(): Promise<{ name: string; bytes: number }[]> {
    const names = (await readdir(this.#folder).catch(() => [])).sort().reverse();
    const sized = names.map(async (name) => {
      const bytes = await lstat(join(this.#folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
      return { name, bytes };
    });
    return await Promise.all(sized);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
