import { TufgateError } from '../../errors.ts';
import type { Authority, MetaEntry, Root } from './model.ts';
import { delegatorOf } from './role-name.ts';
import type { Progress, Trusted } from './trusted.ts';

/** Who may sign the role: for a delegation what its delegator, accepted in this same update, says. */
export function authorityFor(root: Root, progress: Pick<Progress, 'targets'>, role: string): Authority {
  const parent = delegatorOf(role);
  if (parent === undefined) return root.targets;
  const delegation = progress.targets.get(parent)?.model.delegations.find((child) => child.role === role);
  if (delegation === undefined) throw outOfOrder(`${role} before its delegator`);
  return delegation;
}

export function entryFor(progress: Pick<Progress, 'snapshot'>, role: string): MetaEntry {
  const entry = progress.snapshot?.model.meta.get(role);
  if (entry === undefined) throw outOfOrder(`${role}, which no snapshot of this update lists`);
  return entry;
}

export function progressOf(trusted: Trusted): Progress {
  if (trusted.progress === undefined) throw outOfOrder('a role before the root chain was finished');
  return trusted.progress;
}

export function outOfOrder(what: string): TufgateError {
  return new TufgateError('internal', `the update is out of order: ${what}`);
}
