import type { Approval, Entry } from '../document/documents.ts';
import type { StandingRole } from '../standing/standing.ts';

/**
 * Who signs a file signs all of it, so whose word an approval was cannot be told from the next version of its file. It is written down
 * when that is made: what was new in this one was signed by those who signed this one. The next signers vouch for it.
 *
 * It is what `approvals affected` goes by after a theft. A log beside the files was rejected: whoever has the server could change it.
 */
export function attributed({ document, signers }: StandingRole): Map<string, Entry> {
  const keys = [...signers].sort();
  return new Map([...document.targets].map(([name, entry]) => [name, withKeys(entry, keys)]));
}

function withKeys(entry: Entry, keys: readonly string[]): Entry {
  const { word } = entry;
  switch (word.kind) {
    case 'approval':
      return word.keys === undefined ? { ...entry, word: { ...word, keys } } : entry;
    case 'named':
      return word.own === undefined || word.own.keys !== undefined
        ? entry
        : { ...entry, word: { ...word, own: { ...word.own, keys } } };
    case 'withdrawn':
      return entry;
  }
}

/**
 * Whether it would have been approved without these keys.
 *
 * The attack: the thief writes beside his approval that others signed it. Whoever signs a file has made it himself, and vouches for what
 * it says of older ones; so where nobody but stolen keys signed it, nothing in it is believed, whoever it names.
 * @param signers of the file that it stands in
 */
export function restsOn(
  { keys }: Approval,
  signers: readonly string[],
  stolen: ReadonlySet<string>,
  threshold: number,
): boolean {
  if (stolen.size > 0 && signers.every((key) => stolen.has(key))) return true;
  const all = keys ?? signers;
  const others = all.filter((key) => !stolen.has(key));
  return others.length < all.length && others.length < threshold;
}
