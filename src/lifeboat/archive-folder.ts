import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CAPTURE } from './capture-file.ts';
import { type CollectionFolder, folderName, readFolderName } from './collection-folder.ts';
import { INDEX, type IndexLine, parseIndex } from './index-file.ts';
import { MAX_INDEX_BYTES } from './limits.ts';
import { readBounded } from './stored-capture.ts';

/** What lies in an archive, as far as names and the index tell. */
export interface ArchiveFolder {
  readonly lines: readonly IndexLine[];
  /** With or without a capture.json. */
  readonly folders: readonly CollectionFolder[];
  /** Those that have one. */
  readonly complete: readonly CollectionFolder[];
  /** Bytes of the index; those after its last line break were cut by a crash. */
  readonly index: Uint8Array;
}

/** @throws archive.damaged when the index is there and cannot be read; the error of the system without the folder */
export async function lookInto(archive: string): Promise<ArchiveFolder> {
  const entries = await readdir(archive, { withFileTypes: true });
  const folders = entries.flatMap((entry) => (entry.isDirectory() ? (readFolderName(entry.name) ?? []) : []));
  const complete: CollectionFolder[] = [];
  for (const folder of folders) if (await isThere(join(archive, folderName(folder), CAPTURE))) complete.push(folder);
  const indexed = entries.some(({ name }) => name === INDEX);
  const index = indexed ? await readBounded(archive, INDEX, MAX_INDEX_BYTES) : new Uint8Array();
  return { lines: parseIndex(index), folders, complete, index };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
