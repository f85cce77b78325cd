import type { Lifetimes } from '../../config/config.ts';
import { TufgateError } from '../../errors.ts';
import type { Standing } from '../standing/standing.ts';
import { approve } from './approve.ts';
import { authorize } from './authorize.ts';
import { growBins } from './bins.ts';
import type { Change } from './change.ts';
import { create } from './create.ts';
import { delegate, undelegate } from './delegate.ts';
import { Draft } from './draft.ts';
import { renew } from './renew.ts';
import { removeTag, withdraw } from './withdraw.ts';

/**
 * The next version of the repository with these changes, in their order.
 * @param standing undefined for a repository that is to be made @param now epoch milliseconds
 * @throws usage · trust.withdrawn · trust.role-path · trust.*: what stands there does not verify
 */
export async function applied(
  standing: Standing | undefined,
  changes: readonly Change[],
  now: number,
  lifetimes: Lifetimes,
): Promise<Draft> {
  const draft = new Draft(standing, now, lifetimes);
  for (const change of changes) await apply(draft, change);
  await growBins(draft);
  return draft;
}

async function apply(draft: Draft, change: Change): Promise<void> {
  switch (change.kind) {
    case 'create':
      if (draft.standing !== undefined) throw new TufgateError('usage', `${draft.standing.name} is there already`);
      create(draft, change);
      return;
    case 'approve':
      await approve(draft, change);
      return;
    case 'withdraw':
      await withdraw(draft, change);
      return;
    case 'remove-tag':
      await removeTag(draft, change);
      return;
    case 'delegate':
      await delegate(draft, change);
      return;
    case 'undelegate':
      await undelegate(draft, change);
      return;
    case 'authorize':
      await authorize(draft, change);
      return;
    case 'renew':
      await renew(draft, change);
      return;
  }
}
