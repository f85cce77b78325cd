import { TufgateError } from '../../errors.ts';
import { refuseExpired } from './freshness.ts';
import { Inquiry } from './inquiry.ts';
import { MAX_VISITED } from './limits.ts';
import type { Authority } from './model.ts';
import { targetsUnder } from './recovery.ts';
import type { Reached } from './statement.ts';
import type { TrustContext, Wanted } from './trusted.ts';
import type { View } from './view.ts';
import { wanted } from './wanted.ts';

/**
 * TUF 1.0: which role speaks for a target (5.6.7). Delegated files are loaded only when a search comes by them: it stops
 * with the file that it needs, and is asked again, from the start, once that file was accepted into the view.
 *
 * Guarantees: pre-order, in the order of the file, so that a role of lower priority never answers for one of higher
 * (CVE-2024-47534 was an unordered map); after a terminating delegation nobody else is asked (CVE-2025-2886); whatever
 * cannot be loaded or verified ends the search, it is never passed over; and the authority of each file is judged for
 * the very delegation that leads to it, so that a role trusted by one delegator is not thereby trusted by another.
 */
export type Search =
  | ({ readonly kind: 'wanted' } & Edge)
  | { readonly kind: 'reached'; readonly reached: Reached }
  | { readonly kind: 'absent' };

/**
 * The first role, in the order of priority, that names the target.
 * @param visited filled with the roles that the search came by, and the versions of their files
 * @throws trust.*
 */
export function search(
  ctx: TrustContext,
  view: View,
  name: string,
  now: number,
  inquiry = new Inquiry(ctx.gun, name),
  visited = new Map<string, number>(),
): Search {
  let ahead: Visit[] = [top(view)];
  for (let visit = ahead.pop(); visit !== undefined; visit = ahead.pop()) {
    if (visited.has(visit.role)) continue;
    if (visited.size >= MAX_VISITED) throw tooMany(view, name);
    const found = fileOf(ctx, view, visit, now);
    if (found.kind !== 'reached') return found;
    visited.set(visit.role, found.reached.accepted.model.version);
    if (found.reached.accepted.model.targets.has(name)) return found;
    const { path, accepted } = found.reached;
    const below = inquiry.delegationsOf(accepted.model);
    if (below.at(-1)?.terminating === true) ahead = [];
    for (const { role, ...authority } of below.toReversed()) ahead.push({ role, authority, above: path });
  }
  return { kind: 'absent' };
}

/** Between the roles of a way: `org > qa`. */
export const BELOW = ' > ';

/**
 * A role that a rule names: one that `targets` delegates to, or with `org > qa` the one that org does. The order of
 * priority, and who terminates, decide nothing here. @throws trust.*
 *
 * The attack: role names are free, so whoever holds any delegation can make a role of the same name with keys of his own.
 * "The role of that name, wherever it is" was rejected for that.
 */
export function reach(ctx: TrustContext, view: View, way: string, now: number, inquiry: Inquiry): Search {
  let visit: Visit = top(view);
  for (const role of way === 'targets' ? [] : way.split(BELOW)) {
    const found = fileOf(ctx, view, visit, now);
    if (found.kind !== 'reached') return found;
    const { path, accepted } = found.reached;
    const delegation = inquiry.delegationTo(role, accepted.model);
    if (delegation === undefined) return { kind: 'absent' };
    visit = { role, authority: delegation, above: path };
  }
  return fileOf(ctx, view, visit, now);
}

/** A delegated file to load, and who may sign it: for the very delegation that the search came along. */
export interface Edge {
  readonly wanted: Wanted;
  readonly authority: Authority;
}

interface Visit {
  readonly role: string;
  readonly authority: Authority;
  readonly above: readonly string[];
}

function top(view: View): Visit {
  return { role: 'targets', authority: view.root.model.targets, above: [] };
}

/**
 * Expiry is judged now, not when the file was loaded. A role that the snapshot does not list is not even asked for. A file
 * that was loaded along another delegation, and is not signed for this one, is loaded for this one, and judged then.
 */
function fileOf(ctx: TrustContext, view: View, visit: Visit, now: number): Exclude<Search, { kind: 'absent' }> {
  const { role, authority, above } = visit;
  const loaded = view.targets.get(role);
  const accepted = loaded && targetsUnder(ctx, loaded, authority);
  if (accepted === undefined) {
    const entry = view.snapshot.model.meta.get(role);
    if (entry === undefined) throw unlisted(view, role);
    return { kind: 'wanted', wanted: wanted({ roots: [view.root] }, role, entry), authority };
  }
  refuseExpired(view.gun, role, accepted.model, now);
  return { kind: 'reached', reached: { role, accepted, path: [...above, role] } };
}

function unlisted(view: View, role: string): TufgateError {
  const why = `the snapshot of ${view.gun} does not list ${JSON.stringify(role)}, which is delegated to`;
  return new TufgateError('trust.signer-missing', `${why}; its publisher must publish it`, { detail: { role } });
}

function tooMany(view: View, name: string): TufgateError {
  const why = `more than ${MAX_VISITED} roles of ${view.gun} would have to be asked for ${JSON.stringify(name)}`;
  return new TufgateError('trust.too-large', why);
}
