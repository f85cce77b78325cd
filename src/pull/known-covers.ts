import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import { imageName, type Repository } from '../oci/reference.ts';
import { allHold, holdsOf, lasting } from '../trust/lasting.ts';
import type { Root } from './candidates.ts';
import type { RulingDeps } from './deps.ts';
import type { DigestRuling } from './rule-on-digest.ts';
import { judgeTag } from './rule-on-tag.ts';
import { nothingAgainst } from './withdrawn.ts';

/** How a digest was covered: by what a tag stood for, and the way down from there. */
export interface Cover {
  readonly tag: string;
  readonly root: Root;
  /** The root, and every manifest that was known below it: the way comes by no other. */
  readonly manifests: readonly Digest[];
}

const MAX_COVERS = 10_000;
/**
 * Of an index with more platforms than this nothing is remembered. No more of them are read, and none of their layers: an index may have
 * a thousand manifests of a thousand layers, and whoever may sign one would stop the gate with each pull from it.
 */
const MAX_MANIFESTS = 64;

/**
 * Where a digest was found covered last. A base layer hangs under fifty thousand manifests, and to find the one that some tag stands for
 * takes seconds; to see that it still does takes what a pull by tag takes.
 *
 * Guarantee: it is only where to look first. The tag is judged as for a pull, by today's rules and sources, the root and the digest are
 * asked about as ever, and nothing on the way may be withdrawn; the edges themselves never change, because they hang on digests. What does
 * not cover any more is forgotten, and looked for anew.
 */
export class KnownCovers {
  readonly #covers = new Map<string, Cover>();
  /** By root: the layers of one image have one list, not one each. */
  readonly #below = new Map<Digest, readonly Digest[]>();

  /** After the whole way, with what covers it today. */
  async note(deps: RulingDeps, asked: Asked, tag: string, root: Root): Promise<void> {
    const manifests = await deps.closure.manifestsBelow(root.digest, MAX_MANIFESTS + 1);
    if (manifests.length > MAX_MANIFESTS) return;
    if (this.#covers.size >= MAX_COVERS) this.#clear();
    this.#covers.set(nameOf(asked), { tag, root, manifests: this.#shared(root.digest, manifests) });
  }

  /** @returns undefined when the whole way must be gone */
  async ruling(deps: RulingDeps, asked: Asked): Promise<DigestRuling | undefined> {
    const cover = this.#covers.get(nameOf(asked));
    if (cover === undefined) return undefined;
    const ruled = await coveredStill(deps, asked, cover);
    if (ruled === undefined) this.#covers.delete(nameOf(asked));
    return ruled;
  }

  #shared(root: Digest, manifests: readonly Digest[]): readonly Digest[] {
    const known = this.#below.get(root);
    if (known?.length === manifests.length && known.every((digest, at) => digest === manifests[at])) return known;
    this.#below.set(root, manifests);
    return manifests;
  }

  #clear(): void {
    this.#covers.clear();
    this.#below.clear();
  }
}

interface Asked {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly kind: Child['kind'];
}

function nameOf({ repository, digest, kind }: Asked): string {
  return `${kind} ${imageName({ ...repository, digest })}`;
}

async function coveredStill(
  deps: RulingDeps,
  { repository, digest, kind }: Asked,
  { tag, root, manifests }: Cover,
): Promise<DigestRuling | undefined> {
  const judged = await judgeTag(deps, repository, tag);
  if (!judged.verified || judged.digest !== root.digest) return undefined;
  const asked = kind === 'manifest' && root.digest !== digest ? [root.digest, digest] : [root.digest];
  const clear = await nothingAgainst(deps, repository, asked);
  if (clear === undefined) return undefined;
  if ((await deps.withdrawals.stored(repository, manifests)).size > 0) return undefined;
  const { length, ...rest } = judged;
  const { edge } = root;
  const size = root.digest === digest && length !== undefined ? { length } : {};
  const ruled = { ...rest, digest, tag, current: true, ...(edge === undefined ? {} : { edge }), ...size };
  return lasting(ruled, allHold([holdsOf(judged), holdsOf(clear)]));
}
