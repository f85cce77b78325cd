import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { isTag } from '../oci/reference.ts';
import { lookup, type View } from '../trust/tuf/collection.ts';

export interface SignedTag {
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  /** The roles whose word is believed, and the ids of the keys that signed them. */
  readonly roles: readonly string[];
  readonly signers: readonly string[];
}

export interface SignedTags {
  readonly tags: ReadonlyMap<string, SignedTag>;
  /** Named, and not believed: by a role that may not, without a usable hash, or by one that ended. */
  readonly refused: ReadonlyMap<string, TufgateError>;
}

/** Those that Docker asked for a tag. */
const ROLES = ['targets/releases', 'targets'];

/** What a gate would answer for each tag at `at`, under the same rules. */
export function signedTags(view: View, releases: 'strict' | 'docker', at: number): SignedTags {
  const tags = new Map<string, SignedTag>();
  const refused = new Map<string, TufgateError>();
  for (const tag of named(view)) {
    try {
      if (!isTag(tag)) throw new TufgateError('trust.malformed', `${JSON.stringify(tag.slice(0, 80))} is no tag`);
      const { digest, length, roles, signers } = lookup(view, tag, { releases }, at);
      tags.set(tag, { digest, length, roles, signers });
    } catch (error) {
      if (!(error instanceof TufgateError) || !error.code.startsWith('trust.')) throw error;
      refused.set(tag, error);
    }
  }
  return { tags, refused };
}

function named(view: View): ReadonlySet<string> {
  return new Set(ROLES.flatMap((role) => [...(view.targets.get(role)?.model.targets.keys() ?? [])]));
}
