import { binNames, binsOf } from './bins.ts';
import type { Renew } from './change.ts';
import { rolesOf } from './delegate.ts';
import type { Draft } from './draft.ts';

/** Signs anew what ends before an instant, unchanged: for another lifetime. */
export async function renew(draft: Draft, { endingBefore }: Renew): Promise<void> {
  const root = draft.standing?.root;
  if (root !== undefined && root.expires < endingBefore) draft.editRoot(({ keys, roles }) => ({ keys, roles }));
  for (const role of await rolesThatPeopleSign(draft)) {
    const standing = await draft.standing?.role(role);
    if (standing !== undefined && standing.document.expires < endingBefore) await draft.edit(role);
  }
}

/** `targets`, the roles below it, and the bins. */
export async function rolesThatPeopleSign(draft: Pick<Draft, 'read'>): Promise<readonly string[]> {
  const bins = await binsOf(draft);
  const { roles } = rolesOf((await draft.read('targets'))?.delegations);
  return ['targets', ...roles.map(({ name }) => name), ...(bins === undefined ? [] : binNames(bins))];
}
