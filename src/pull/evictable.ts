import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../oci/digest.ts';
import { type Child, MAX_DEPTH } from '../oci/manifest.ts';
import { parseRepositoryName, type Repository } from '../oci/reference.ts';
import type { ClosureStore } from '../state/store.ts';
import { depthAbove } from './candidates.ts';

/** What was taken back of these in a repository, by digest. */
interface Withdrawn {
  stored(repository: Repository, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, unknown>>;
}

type Closure = Pick<ClosureStore, 'ancestors' | 'descendants' | 'givenOutAnywhere'>;

/**
 * What of the cache goes when a manifest was withdrawn: it and all that hangs below it, but for what something else needs that was
 * given out and is not withdrawn there. A digest that one repository withdrew stays while another serves it.
 */
export async function evictable(
  closure: Closure,
  withdrawals: Withdrawn,
  digest: Digest,
): Promise<ReadonlySet<Digest>> {
  const gone = new Set<Digest>();
  for (const below of await closure.descendants(digest, MAX_DEPTH)) {
    if (!(await isNeeded(closure, withdrawals, below))) gone.add(below.digest);
    await setImmediate();
  }
  return gone;
}

/** Some way leads to it from what was given out, and comes by nothing that is withdrawn in that repository. */
async function isNeeded(
  closure: Closure,
  withdrawals: Withdrawn,
  { digest, kind }: Pick<Child, 'digest' | 'kind'>,
): Promise<boolean> {
  const depth = depthAbove(kind);
  const above = new Set((await closure.ancestors(digest, depth)).map((up) => up.digest));
  const given = await closure.givenOutAnywhere([...above]);
  for (const name of new Set(given.map(({ repository }) => repository))) {
    const withdrawn = [...(await withdrawals.stored(parseRepositoryName(name), [...above])).keys()];
    const open = withdrawn.length === 0 ? above : await openWays(closure, digest, depth, withdrawn);
    if (given.some((each) => each.repository === name && open.has(each.digest))) return true;
  }
  return false;
}

async function openWays(
  closure: Closure,
  digest: Digest,
  depth: number,
  withdrawn: readonly Digest[],
): Promise<ReadonlySet<Digest>> {
  if (withdrawn.includes(digest)) return new Set();
  return new Set((await closure.ancestors(digest, depth, withdrawn)).map((up) => up.digest));
}
