/**
 * What a list of running or stored images says, entry by entry, before the names in it are read.
 *
 * What runs and cannot be judged is said, never passed over: an image id names no repository, and neither the person
 * who reads "all in order" nor the script that reads the exit code would know that it was left out.
 */
export type Listed =
  | {
      readonly kind: 'name';
      readonly text: string;
      /** What runs under that name: `docker.io/library/nginx@sha256:…`, as the list says it. */
      readonly runs?: string;
    }
  | { readonly kind: 'unnamed'; readonly text: string; readonly why: string };

export const NO_TAG = 'it was pulled by digest, which this list does not have; list it as repository@digest';
const NO_NAME = 'an image id without a name cannot be judged; list it as repository:tag or repository@digest';

/** What stands for a name that was lost: such an image could not be pulled by any. */
const NAMELESS: ReadonlySet<string> = new Set(['', '<none>', '<none>:<none>', '<untagged>']);
/** Docker shows 12 digits of an id, crictl 13. */
const ID = /^(?:sha256:)?(?:[0-9a-f]{12,13}|[0-9a-f]{64})$/;

/** @returns undefined for an image that has no name any more */
export function listedName(text: string, runs?: string): Listed | undefined {
  if (NAMELESS.has(text)) return undefined;
  if (ID.test(text)) return unnamed(text, NO_NAME);
  return { kind: 'name', text, ...(runs !== undefined && { runs }) };
}

/** A row or an object with columns of its own for repository, tag and digest. */
export function listedParts(repository: string, tag: string, digest: string): Listed | undefined {
  const named = listedName(repository);
  if (named?.kind !== 'name') return named;
  const runs = digest === NONE ? undefined : `${repository}@${digest}`;
  if (tag !== NONE) return listedName(`${repository}:${tag}`, runs);
  return runs === undefined ? unnamed(repository, NO_TAG) : listedName(runs);
}

export const NONE = '<none>';

export function unnamed(text: string, why: string): Listed {
  return { kind: 'unnamed', text, why };
}
