import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TufgateError } from '../errors.ts';
import type { MetadataName, MetadataSource } from './metadata-source.ts';

/**
 * Metadata from a folder: the repository that this gate publishes itself, or one that was carried here. A file is read
 * up to its bound, whatever its size is said to be; a folder that is missing altogether is an outage, not an answer.
 */
export function folderSource(
  name: string,
  folder: string,
  fileName: (file: MetadataName) => string,
  now: () => number = () => performance.now(),
): MetadataSource {
  const { look, last } = throttled(() => stampOf(join(folder, fileName({ kind: 'timestamp' }))), now);
  return {
    stamp: look,
    lastStamp: last,
    async fetch(file, maxBytes, signal) {
      signal?.throwIfAborted();
      const path = join(folder, fileName(file));
      try {
        return [await readBounded(path, maxBytes)];
      } catch (cause) {
        if (cause instanceof TufgateError) throw cause;
        if (isMissing(cause) && (await exists(folder))) return undefined;
        throw new TufgateError('trust.unreachable', `${name}: cannot read ${path}: ${messageOf(cause)}`, { cause });
      }
    },
  };
}

/** Milliseconds. A pull by a person comes later than that; a thousand pulls a second need not all look. */
const LOOK_EVERY_MS = 100;

/** Whoever publishes puts a new timestamp into the place of the old one, last of all files. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return 'none';
  }
}

interface Look {
  readonly at: number;
  readonly stamp: Promise<string>;
  /** Once it has come. */
  seen?: string;
}

function throttled(look: () => Promise<string>, now: () => number) {
  let last: Look | undefined;
  const begin = (at: number): Look => {
    const began: Look = { at, stamp: look() };
    void began.stamp.then((stamp) => (began.seen = stamp));
    return began;
  };
  const recent = (at: number): Look | undefined =>
    last !== undefined && at >= last.at && at - last.at < LOOK_EVERY_MS ? last : undefined;
  return {
    look: (): Promise<string> => {
      const at = now();
      return (last = recent(at) ?? begin(at)).stamp;
    },
    last: (): string | undefined => recent(now())?.seen,
  };
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new TufgateError('trust.too-large', `${path} is longer than ${maxBytes} bytes`);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await (await open(folder, 'r')).close();
    return true;
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
