import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The cache on disk as an auditor reads it: only names and bytes. */
export class CacheFiles {
  private readonly root: string;

  /** @param data tufgate's data folder */
  constructor(data: string) {
    this.root = join(data, 'cache', 'v1');
  }

  /** What is kept, by digest. */
  blobs(): readonly string[] {
    return this.files().map((file) => `sha256:${basename(file)}`);
  }

  /** The same, by path. */
  files(): readonly string[] {
    return files(join(this.root, 'blobs'));
  }

  /** What an interrupted download left. */
  temporary(): readonly string[] {
    return files(join(this.root, 'tmp'));
  }

  /** Kept files whose bytes are not what their name says. */
  async unverified(): Promise<readonly string[]> {
    const bad: string[] = [];
    for (const file of this.files()) {
      if ((await hexOf(file)) !== basename(file)) bad.push(file);
    }
    return bad;
  }
}

function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function hexOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
