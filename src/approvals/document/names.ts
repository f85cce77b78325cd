import { TufgateError } from '../../errors.ts';
import { type Digest, isDigest, parseDigest } from '../../oci/digest.ts';
import { isTag } from '../../oci/reference.ts';

/**
 * What targets are called: `registry/repository:tag` and `registry/repository@sha256:hex`. The grammar of image names has none of
 * the characters of path patterns, so that a name is never a pattern.
 */
export function tagTarget(repository: string, tag: string): string {
  return `${repository}:${tag}`;
}

export function digestTarget(repository: string, sha256: string): string {
  return `${repository}@sha256:${sha256}`;
}

export type TargetName =
  | { readonly kind: 'tag'; readonly repository: string; readonly tag: string }
  | { readonly kind: 'digest'; readonly repository: string; readonly digest: Digest };

/** @throws trust.malformed for what is neither */
export function parseTarget(name: string): TargetName {
  const at = name.indexOf('@');
  const digest = name.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { kind: 'digest', repository: name.slice(0, at), digest: parseDigest(digest) };
  const colon = name.lastIndexOf(':');
  const tag = name.slice(colon + 1);
  if (at < 0 && colon > name.lastIndexOf('/') && isTag(tag))
    return { kind: 'tag', repository: name.slice(0, colon), tag };
  throw new TufgateError(
    'trust.malformed',
    `${JSON.stringify(name.slice(0, 120))} is no name of an image's tag or digest`,
  );
}
