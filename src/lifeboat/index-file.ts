import { JsonError } from '../json/read.ts';
import { baseOf, type CollectionFolder, folderName, isGun, readFolderName } from './collection-folder.ts';
import { fieldsOf } from './json-fields.ts';

/**
 * `index.jsonl`: one line a capture, appended when it is complete; the last line of a collection is the one that holds.
 *
 * Each line has an empty one before it. The reason: a line that was cut by a crash, or a line break that is no more, would
 * else take the next line with it; so it costs its own line and no other. A line that cannot be read voids the collection
 * that it spoke of, as far as that can still be told: were it passed over, the capture before it would hold again.
 */
export const INDEX = 'index.jsonl';

export interface IndexEntry extends CollectionFolder {
  readonly gun: string;
  /** Of its capture.json, lower-case hex. */
  readonly sha256: string;
}

export type IndexLine =
  | { readonly kind: 'entry'; readonly number: number; readonly entry: IndexEntry }
  | { readonly kind: 'unreadable'; readonly number: number; readonly base?: string; readonly gun?: string };

const HEX = /^[0-9a-f]{64}$/;

export function indexLine(entry: IndexEntry): Uint8Array {
  const { gun, sha256 } = entry;
  return Buffer.from(`\n${JSON.stringify({ gun, folder: folderName(entry), sha256 })}\n`);
}

/** Every line that is not empty. Never throws. */
export function parseIndex(bytes: Uint8Array): readonly IndexLine[] {
  // Byte by byte: one that is not UTF-8 must not move the others.
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [readLine(line, i + 1)]));
}

function readLine(line: string, number: number): IndexLine {
  try {
    return { kind: 'entry', number, entry: entryOf(line) };
  } catch (error) {
    if (error instanceof JsonError) return { kind: 'unreadable', number, ...hintOf(line) };
    throw error;
  }
}

/** @throws JsonError */
function entryOf(line: string): IndexEntry {
  const fields = fieldsOf('the line', Buffer.from(line, 'latin1'));
  const gun = fields.text('gun');
  const folder = readFolderName(fields.text('folder'));
  if (folder === undefined || !isGun(gun) || folder.base !== baseOf(gun))
    throw new JsonError('its folder is not that of its collection');
  return { gun, ...folder, sha256: fields.text('sha256', HEX) };
}

/** Whom a damaged line spoke of. The folder first: its hash cannot become another collection's by accident. */
function hintOf(line: string): { readonly base?: string; readonly gun?: string } {
  const gun = /"gun":"([^"]*)"/.exec(line)?.[1];
  const folder = readFolderName(/"folder":"([^"]*)"/.exec(line)?.[1] ?? '');
  const named = gun !== undefined && isGun(gun) ? { base: baseOf(gun), gun } : undefined;
  return folder === undefined || folder.base === named?.base ? (named ?? {}) : { base: folder.base };
}
