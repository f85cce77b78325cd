import type { SourceRequirement, TrustSourceConfig, TufConfig } from '../config/config.ts';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import { filled } from './collection-name.ts';
import type { Question } from './question.ts';

/** What is asked of the source's collection about a tag. */
export function aboutTag(
  config: TrustSourceConfig,
  { signers }: SourceRequirement,
  repository: Repository,
  tag: string,
): Question {
  const asked = signers === undefined ? {} : { signers };
  switch (config.kind) {
    case 'notary':
      return { kind: 'tag', tag, releases: config.releases, ...asked };
    case 'tuf':
      return { kind: 'target', target: tagTarget(config, repository, tag), ...asked };
  }
}

/** What is asked of a TUF 1.0 source about a digest without a tag. */
export function aboutDigest(
  config: TufConfig,
  { signers }: SourceRequirement,
  repository: Repository,
  digest: Digest,
): Question {
  const target = digestTarget(config, repository, digest);
  return { kind: 'target', target, ...(signers === undefined ? {} : { signers }) };
}

/** What a TUF 1.0 source calls the digest, in what it signs. */
export function digestTarget(config: TufConfig, repository: Repository, digest: Digest): string {
  return filled(config.targetDigest, repository).replace('{digest}', () => digest);
}

/** What a source calls the tag, in what it signs. */
export function signedName(config: TrustSourceConfig, repository: Repository, tag: string): string {
  return config.kind === 'notary' ? tag : tagTarget(config, repository, tag);
}

/** The tag of this repository that a signed name stands for; undefined for another's, and for a digest's. */
export function tagOf(config: TrustSourceConfig, repository: Repository, name: string): string | undefined {
  if (config.kind === 'notary') return name;
  const prefix = tagTarget(config, repository, '');
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

function tagTarget(config: TufConfig, repository: Repository, tag: string): string {
  return filled(config.target, repository).replace('{tag}', () => tag);
}
