import { TufgateError } from '../../errors.ts';
import { MAX_ROLE_DEPTH, MAX_ROLES } from './limits.ts';
import type { MetaEntry } from './model.ts';
import { pathTo } from './role-name.ts';
import { newestRoot, type Progress, type TrustContext, type Trusted, type Wanted } from './trusted.ts';
import { outOfOrder, progressOf } from './progress.ts';

/** The snapshot that the timestamp of this update names. */
export function snapshotWanted(trusted: Trusted): Wanted {
  const { timestamp } = progressOf(trusted);
  if (timestamp === undefined) throw outOfOrder('a snapshot before its timestamp');
  return wanted(trusted, 'snapshot', timestamp.model.snapshot);
}

/**
 * `targets`, then the delegations of what was accepted, breadth first in the order of the files; call again after each
 * round, empty = all are there. A delegation that the snapshot does not list is not loaded (TUF W19), one that is
 * unusable leads no further. Delegations of an expired role are loaded: expiry is judged when a tag is looked up.
 *
 * In TUF 1.0 only `targets` belongs to the update: delegations may be tens of thousands, and are loaded when a target is
 * looked for (`search.ts`).
 *
 * The attack: a tree of delegations that never ends. Names are direct children of their delegator's, so there are no
 * cycles; breadth and depth have limits.
 * @throws trust.too-large
 */
export function rolesToLoad(ctx: TrustContext, trusted: Trusted): readonly Wanted[] {
  const progress = progressOf(trusted);
  const { snapshot, targets, unusable } = progress;
  if (snapshot === undefined) throw outOfOrder('targets before the snapshot');
  const next: Wanted[] = [];
  for (const role of ctx.format.kind === 'tuf' ? ['targets'] : listed(progress)) {
    const entry = snapshot.model.meta.get(role);
    if (entry !== undefined && !targets.has(role) && !unusable.has(role)) next.push(wanted(trusted, role, entry));
  }
  refuseTooMany(targets.size + unusable.size + next.length, next);
  return next;
}

function listed({ targets }: Pick<Progress, 'targets'>): readonly string[] {
  const delegated = [...targets.values()].flatMap(({ model }) => model.delegations.map(({ role }) => role));
  return ['targets', ...delegated];
}

function refuseTooMany(count: number, next: readonly Wanted[]): void {
  if (count > MAX_ROLES) throw new TufgateError('trust.too-large', `more than ${MAX_ROLES} roles are delegated to`);
  const deep = next.find(({ role }) => pathTo(role).length > MAX_ROLE_DEPTH);
  if (deep !== undefined)
    throw new TufgateError('trust.too-large', `${deep.role} is delegated deeper than ${MAX_ROLE_DEPTH} levels`);
}

export function wanted(trusted: Pick<Trusted, 'roots'>, role: string, entry: MetaEntry): Wanted {
  return { role, entry, versioned: newestRoot(trusted).model.consistentSnapshot };
}
