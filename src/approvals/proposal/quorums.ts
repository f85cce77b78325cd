import { TufgateError } from '../../errors.ts';
import { isBinOf } from '../../trust/tuf/bins.ts';
import type { KeyEntry, Quorum } from '../document/documents.ts';
import { rolesOf } from '../edit/delegate.ts';
import { BULK } from '../edit/bins.ts';
import type { Draft } from '../edit/draft.ts';

/** Who has to sign a file: this many of these keys. */
export interface Needed extends Quorum {
  /** `the keys of root version 3` */
  readonly whose: string;
  readonly keys: ReadonlyMap<string, KeyEntry>;
}

/**
 * Who has to sign a drafted role, by what will be said of it once everything stands. A root needs the quorum before it as well
 * (SPEC 5.3.4).
 */
export async function quorumsOf(draft: Draft, role: string): Promise<readonly Needed[]> {
  const root = draft.currentRoot;
  if (role === 'root') {
    const before = draft.standing?.root;
    const news = needed(`the root keys of version ${root.version}`, root.keys, root.roles.root);
    return before === undefined
      ? [news]
      : [news, needed(`the root keys of version ${before.version}`, before.keys, before.roles.root)];
  }
  if (role === 'targets') return [needed('the keys of targets', root.keys, root.roles.targets)];
  const { keys, roles } = rolesOf((await draft.read('targets'))?.delegations);
  const named = roles.find(({ name }) => name === role);
  if (named !== undefined) return [needed(`the keys of ${role}`, keys, named)];
  const below = (await draft.read(BULK))?.delegations;
  if (below?.kind !== 'bins' || !isBinOf({ ...below.bins, keys: [] }, role))
    throw new TufgateError('internal', `nobody delegates to ${role}`);
  return [needed(`the keys of ${BULK}`, below.keys, below.bins)];
}

function needed(whose: string, keys: ReadonlyMap<string, KeyEntry>, { keyIds, threshold }: Quorum): Needed {
  return { whose, keys, keyIds, threshold };
}
