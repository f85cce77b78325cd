import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PublicKey, readPublicKey } from './public-key.ts';

export interface KeyFile extends PublicKey {
  /** Of the private half; it may be elsewhere. */
  readonly file: string;
}

/** The keys of a folder, by the public half of each, in the order of their names. What cannot be read is none. */
export function keyFilesIn(folder: string): readonly KeyFile[] {
  return namesIn(folder).flatMap((name) => {
    const half = join(folder, name);
    try {
      return [{ file: half.slice(0, -SUFFIX.length), ...readPublicKey(half, readFileSync(half, 'utf8')) }];
    } catch {
      return [];
    }
  });
}

const SUFFIX = '.pub';

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .sort();
  } catch {
    return [];
  }
}
