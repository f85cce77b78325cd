import type { Reason } from '../../errors.ts';
import { countWords, sizeWords } from '../../text/size-words.ts';
import type { ArtifactKind } from './artifact-kind.ts';
import { type ArtifactEvidence, type Evidence, isAlarming, type SourceEvidence } from './evidence.ts';
import { createdWords } from './render-facts.ts';

/** For people, a line each; nothing in them moves a cursor. @param now epoch milliseconds */
export function evidenceLines(evidence: readonly Evidence[], now: number): readonly string[] {
  if (evidence.length === 0) return ['nothing was found that speaks for it or against it'];
  return evidence.map((each) => evidenceLine(each, now));
}

function evidenceLine(each: Evidence, now: number): string {
  switch (each.kind) {
    case 'conflict':
      return `CONFLICT: ${signedWords(each)}: another one. Find out which is right before you approve`;
    case 'signed':
      return signedWords(each);
    case 'refused':
      return `${isAlarming(each) ? 'WARNING: ' : ''}${each.source}: ${refusedWords(each.reason)} (${each.reason})`;
    case 'gap':
      return `${PLACES[each.what]}: ${gapWords(each.reason)}`;
    case 'created':
      return `${createdWords(each.at, now)}, its publisher says`;
    case 'more':
      return `${each.count} more, which are not kept`;
    case 'signature':
    case 'sbom':
    case 'provenance':
    case 'vex':
    case 'attestation':
    case 'artifact':
      return artifactWords(each);
  }
}

const PLACES = { referrers: 'its list of referrers', tags: "cosign's tags and the tag of referrers" } as const;

function signedWords({ source, digest, roles, keys, named, unconfirmed }: SourceEvidence): string {
  const by = roles.length === 0 ? '' : ` by ${roles.join(', ')}`;
  const key = keys.length === 0 ? '' : ` (key ${keys.join(', ')})`;
  const what = named === 'tag' ? `for this tag signed ${digest}` : `signed the digest ${digest}, not this tag`;
  return `${source}: ${what}${by}${key}${unconfirmed === true ? ', as last verified: it could not confirm it now' : ''}`;
}

const REFUSALS: ReadonlyMap<Reason, string> = new Map<Reason, string>([
  ['trust.unsigned', 'nobody signed it there'],
  ['trust.no-root', 'has no root of trust for this repository'],
  ['trust.unreachable', 'could not be asked'],
  ['trust.expired', 'what it says has expired'],
]);

function refusedWords(reason: Reason): string {
  return REFUSALS.get(reason) ?? 'what it says did not verify, or is against it';
}

function gapWords(reason: Reason | undefined): string {
  if (reason === undefined) return 'there is more than could be read';
  return `could not be asked (${reason}): what is there is not known`;
}

const NOUNS: Readonly<Record<ArtifactKind, string>> = {
  signature: 'signature',
  sbom: 'SBOM',
  provenance: 'provenance',
  vex: 'VEX',
  attestation: 'attestation',
  artifact: 'artifact',
};

function artifactWords({ kind, type, digest, found, size, count }: ArtifactEvidence): string {
  const name = `${NOUNS[kind]} (${type}, not verified)`;
  if (found === 'index') return `${name} inside the index, for ${countWords(count ?? 0, 'platform')}`;
  return `${name} ${digest}${size === undefined ? '' : `, ${sizeWords(size)}`}`;
}
