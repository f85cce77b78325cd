import { type CollectionFolder, folderName } from './collection-folder.ts';
import { INDEX, type IndexEntry, type IndexLine } from './index-file.ts';

/** Which capture of a collection holds, or why none does. */
export type Standing =
  | { readonly kind: 'entry'; readonly entry: IndexEntry }
  /** `gun`: as far as it is known, else where the damage is. `unlisted`: it is complete, a crash came before its line. */
  | {
      readonly kind: 'damaged' | 'unlisted';
      readonly base?: string;
      readonly gun: string;
      readonly why: string;
    };

/**
 * Each collection once, in the order of the index.
 *
 * The attack, or the accident: one byte of the line of a collection's newest capture is changed, so that the line before
 * it would hold, with a digest that was replaced since. So the last line that speaks of a collection decides, legible or
 * not, and a newer capture on disk that has no legible line voids the older.
 *
 * @param onDisk the folders that have a capture.json
 */
export function standings(lines: readonly IndexLine[], onDisk: readonly CollectionFolder[]): readonly Standing[] {
  const found = new Map<string, Standing>();
  const unnamed: Standing[] = [];
  for (const line of lines) {
    if (line.kind === 'entry') found.set(line.entry.base, line);
    else if (line.base === undefined) unnamed.push(unreadable(line.number, `line ${line.number} of ${INDEX}`));
    else found.set(line.base, { ...unreadable(line.number, gunFor(line, found.get(line.base))), base: line.base });
  }
  for (const folder of onDisk) {
    const standing = found.get(folder.base);
    if (standing?.kind === 'entry' && standing.entry.generation >= folder.generation) continue;
    if (standing?.kind !== 'damaged') found.set(folder.base, withoutLine(folder, standing));
  }
  return [...found.values(), ...unnamed];
}

function gunFor({ base, gun }: Extract<IndexLine, { kind: 'unreadable' }>, before: Standing | undefined): string {
  if (gun !== undefined) return gun;
  if (before !== undefined) return gunIn(before);
  return base ?? '';
}

function gunIn(standing: Standing): string {
  return standing.kind === 'entry' ? standing.entry.gun : standing.gun;
}

function unreadable(number: number, gun: string): Exclude<Standing, { readonly kind: 'entry' }> {
  return { kind: 'damaged', gun, why: `line ${number} of ${INDEX} cannot be read` };
}

function withoutLine(folder: CollectionFolder, before: Standing | undefined): Standing {
  const name = folderName(folder);
  const gun = before === undefined ? name : gunIn(before);
  const why = `${INDEX} has no legible line for the capture in ${name}; if a capture was interrupted, run it again`;
  return { kind: 'unlisted', base: folder.base, gun, why };
}
