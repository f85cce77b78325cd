import { type Delegator, type Delegators, delegatorsIn, type Loaded, reachable } from './delegators.ts';
import { mentionsIn } from './mentions.ts';
import { Purses } from './purses.ts';
import type { TrustFile } from './trusted.ts';

/**
 * TUF 1.0: may this role speak for this name, as far as the loaded files say? Along some chain of delegations from
 * `targets`, each of which permits the name; whose word counts in the end is for a search to say.
 *
 * The attack: a role lists, or stops listing, names that are not its to speak for, and what is kept of names (which tag
 * a digest has, which tags ended) fills with them.
 */
export function mayName(loaded: Loaded, role: string, name: string, purses = pursesFor(loaded)): boolean {
  const all = delegatorsIn(loaded);
  return reaches(all, role, name, permitting(all, purses, false));
}

/** What a look at the names of these files may cost. */
export function pursesFor(loaded: Loaded): Purses {
  return new Purses(delegatorsIn(loaded).most);
}

/**
 * Of a name that this role listed, and lists no more. Too much that ended only refuses; the attacks lose what was revoked:
 * names and patterns, many enough to spend what may be spent; and a search that comes by a role along one of its
 * delegators, while the one that lets it speak for the name is not loaded. So a name that nothing is left for counts, and
 * so does what a file on the shelf may let the role say: whatever the role may speak for that `targets` delegates to, and
 * below which the file lies. What happens in between is not looked at.
 */
export function mightName(loaded: Loaded, shelf: Shelf, role: string): (name: string) => boolean {
  const all = delegatorsIn(loaded);
  const permits = permitting(all, pursesFor(loaded), true);
  let found: readonly Head[] | undefined;
  // The shelf is looked through for the first name that the loaded files do not permit: mostly for none.
  const heads = (): readonly Head[] => (found ??= headsBehind(all, unreadOf(shelf, loaded), role));
  return (name) => reaches(all, role, name, permits) || heads().some(([head, by]) => permits(by, head, name));
}

function unreadOf(shelf: Shelf, loaded: Loaded): readonly TrustFile[] {
  return [...shelf.values()].filter((file) => !loaded.has(file.role));
}

/** Files that were accepted before, by role name. */
export type Shelf = ReadonlyMap<string, TrustFile>;

type Permits = (by: Delegator, child: string, name: string) => boolean;
/** A role that `targets` delegates to, and as it does. */
type Head = readonly [string, Delegator];

/** @param beyond the answer when nothing is left to spend */
function permitting(all: Delegators, purses: Purses, beyond: boolean): Permits {
  return (by, child, name) => {
    const payers = by.role === 'targets' ? [child] : all.headsOf(by.role);
    return purses.pay(purses.richest(payers) ?? by.role, (steps) => by.permits(name, steps)) ?? beyond;
  };
}

function reaches(all: Delegators, role: string, name: string, permits: Permits): boolean {
  const seen = new Set<string>();
  const ahead = [role];
  for (let child = ahead.pop(); child !== undefined; child = ahead.pop()) {
    if (child === 'targets') return true;
    if (seen.has(child)) continue;
    seen.add(child);
    for (const by of all.to(child)) if (permits(by, child, name)) ahead.push(by.role);
  }
  return false;
}

/** Those above the role on some way that comes by an unread file. */
function headsBehind(all: Delegators, unread: readonly TrustFile[], role: string): readonly Head[] {
  const mentions = mentionsIn(unread);
  const delegators = (child: string): readonly string[] => all.to(child).map((by) => by.role);
  const read = reachable([role], delegators);
  const first = [...mentions.ofAny, ...[...read].flatMap((child) => mentions.of(child))];
  const hidden = reachable(first, (child) => [...delegators(child), ...mentions.of(child)]);
  return [...hidden].flatMap((child) =>
    all.to(child).flatMap((by): Head[] => (by.role === 'targets' ? [[child, by]] : [])),
  );
}
