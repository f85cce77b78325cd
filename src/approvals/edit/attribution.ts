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
      return { ...entry, word: carriedOn(word, keys) };
    case 'named':
      return word.own === undefined ? entry : { ...entry, word: { ...word, own: carriedOn(word.own, keys) } };
    case 'withdrawn':
      return entry;
  }
}

/** @param signers of the file that is about to be followed by another */
function carriedOn(approval: Approval, signers: readonly string[]): Approval {
  const { keys, carried = [] } = approval;
  if (keys === undefined) return { ...approval, keys: signers };
  const told = [keys, ...carried].some(
    (set) => set.length > 0 && holds(signers, set) && (set !== keys || holds(set, signers)),
  );
  if (told) return approval;
  return { ...approval, carried: [...carried.filter((set) => !holds(set, signers)), signers] };
}

function holds(all: readonly string[], some: readonly string[]): boolean {
  return some.every((key) => all.includes(key));
}

/**
 * Whether it would have been approved without these keys.
 *
 * The attack: the thief writes beside his approval that others signed it, and waits until one of them signs the next file. Whoever signs a
 * file has made it himself, and vouches for what it says of older ones; so where nobody but stolen keys signed a file that it stood in,
 * it is not believed, whoever it names.
 * @param signers of the file that it stands in
 */
export function restsOn(
  { keys, carried = [] }: Approval,
  signers: readonly string[],
  stolen: ReadonlySet<string>,
  threshold: number,
): boolean {
  if (stolen.size > 0 && [signers, ...carried].some((set) => set.every((key) => stolen.has(key)))) return true;
  const all = keys ?? signers;
  const others = all.filter((key) => !stolen.has(key));
  return others.length < all.length && others.length < threshold;
}
