import { createHash } from 'node:crypto';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TufgateError } from '../errors.ts';
import { CAPTURE, type Capture, parseCapture } from './capture-file.ts';
import { baseOf, type CollectionFolder, folderName } from './collection-folder.ts';
import { damaged } from './damaged.ts';
import { MAX_CAPTURE_BYTES } from './limits.ts';

/** A capture as it lies in the archive: every byte of it is the one that was written. */
export interface StoredCapture extends CollectionFolder {
  readonly capture: Capture;
  /** Of capture.json. */
  readonly sha256: string;
  /** By the names that Notary gives them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a capture with all its files, and compares every byte of it with what was written down of it.
 * @param sha256 what the index says of its capture.json; undefined when the index does not know it yet
 * @throws archive.damaged
 */
export async function loadCapture(archive: string, folder: CollectionFolder, sha256?: string): Promise<StoredCapture> {
  const path = join(archive, folderName(folder));
  const bytes = await readBounded(path, CAPTURE, MAX_CAPTURE_BYTES);
  const found = hexOf(bytes);
  if (sha256 !== undefined && found !== sha256) throw damaged(join(folderName(folder), CAPTURE));
  const capture = parseCapture(bytes);
  if (baseOf(capture.gun) !== folder.base)
    throw damaged(`${join(folderName(folder), CAPTURE)} (it is the capture of ${capture.gun})`);
  const files = new Map<string, Uint8Array>();
  for (const { name, length, sha256: expected } of capture.files) {
    const content = await readBounded(path, name, length);
    if (content.length !== length || hexOf(content) !== expected) throw damaged(join(folderName(folder), name));
    files.set(name, content);
  }
  const { base, generation } = folder;
  return { base, generation, capture, sha256: found, files };
}

export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Never follows a link, and opens neither a pipe nor a device: whoever brought the archive may have put one there. */
export async function readBounded(folder: string, name: string, maxBytes: number): Promise<Uint8Array> {
  const path = join(folder, name);
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw damaged(`${path} (not a file)`);
    if (found.size > maxBytes) throw damaged(`${path} (longer than ${maxBytes} bytes)`);
    return await readUpTo(path, maxBytes);
  } catch (cause) {
    if (cause instanceof TufgateError) throw cause;
    throw damaged(`${path} (${messageOf(cause)})`, cause);
  }
}

async function readUpTo(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
