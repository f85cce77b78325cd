import type { Comparison } from './compare.ts';

/** A reason for which tuf-js 6.0.2 comes to another verdict than the specification. Nothing else excuses a difference. */
export interface Known {
  readonly reason: string;
  explains(comparison: Comparison): boolean;
}

export const KNOWN: readonly Known[] = [
  {
    // 5.5.2: "the hashes of the new snapshot metadata file MUST match the hashes listed in the trusted timestamp".
    reason: 'a snapshot that it has stored is not compared with the hash and length that a new timestamp gives',
    explains: ({ ours, theirs, asked }) =>
      ours.kind === 'refused' &&
      ours.code === 'trust.hash' &&
      ours.role === 'snapshot' &&
      theirs.kind !== 'refused' &&
      !asked.some((path) => path.endsWith('snapshot.json')),
  },
];
