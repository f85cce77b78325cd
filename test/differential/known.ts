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
  {
    // Invariant 5: a threshold counts distinct public keys.
    reason: 'one public key under two key ids counts twice',
    explains: ({ ours, theirs, twins }) =>
      twins && ours.kind === 'refused' && ours.code === 'trust.threshold' && theirs.kind !== 'refused',
  },
  {
    // docs/adr/0007-tuf-choices.md: only a timestamp keeps the bytes seen first; any other file of two contents is refused.
    reason: 'other bytes are taken under a version that was seen before',
    explains: ({ ours, theirs }) =>
      ours.kind === 'refused' && ours.code === 'trust.equal-version' && theirs.kind !== 'refused',
  },
];
