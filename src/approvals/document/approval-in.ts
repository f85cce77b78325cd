import type { Approval, Word } from './documents.ts';

/** What a target is approved by in its own right; undefined for a digest that only follows its tags, and for one that was withdrawn. */
export function approvalIn(word: Word | undefined): Approval | undefined {
  if (word?.kind === 'named') return word.own;
  return word?.kind === 'approval' ? word : undefined;
}
