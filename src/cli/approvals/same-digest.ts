import type { Withdrawal } from '../../approvals/document/documents.ts';
import { digestTarget } from '../../approvals/document/names.ts';
import type { Draft } from '../../approvals/edit/draft.ts';
import { withdrawnWords } from '../../approvals/proposal/explain-words.ts';
import { namesOfDigest } from '../../approvals/standing/find-digest.ts';
import type { ReadFile } from '../../approvals/standing/standing.ts';

/** The files that stand, read once more for their digits. */
export interface Standings {
  readonly standing: Draft;
  readonly read: ReadFile;
}

interface Elsewhere {
  readonly approved: readonly string[];
  readonly withdrawn: ReadonlyMap<string, Withdrawal>;
}

/**
 * An approval and a withdrawal hold for one repository. What is told here is what the same digest is in the others: whoever takes it
 * back, or lets it in, may mean those too.
 */
export async function elsewhere({ standing, read }: Standings, repository: string, sha256: string): Promise<Elsewhere> {
  const approved: string[] = [];
  const withdrawn = new Map<string, Withdrawal>();
  if (standing.standing === undefined) return { approved, withdrawn };
  for (const other of await namesOfDigest(standing.standing, read, sha256)) {
    if (other === repository) continue;
    const word = (await standing.entry(digestTarget(other, sha256)))?.word;
    if (word?.kind === 'withdrawn') withdrawn.set(other, word);
    else approved.push(other);
  }
  return { approved, withdrawn };
}

export function withdrawnElsewhereLines({ withdrawn }: Elsewhere): readonly string[] {
  return [...withdrawn].map(
    ([other, word]) => `WARNING: the same digest was withdrawn in ${other} ${withdrawnWords(word)}`,
  );
}
