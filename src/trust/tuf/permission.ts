import { binFor } from './bins.ts';
import type { Targets } from './model.ts';
import { permitsName } from './paths.ts';
import type { Accepted } from './trusted.ts';

/**
 * TUF 1.0: may this role speak for this name, as far as the loaded files say? Along some chain of delegations from
 * `targets`, each of which permits the name; whose word counts in the end is for a search to say.
 *
 * The attack: a role lists, or stops listing, names that are not its to speak for, and what is kept of names (which tag
 * a digest has, which tags ended) fills with them.
 */
export function mayName(loaded: Loaded, role: string, name: string): boolean {
  return reaches(delegatorsIn(loaded), role, name, new Set());
}

type Loaded = ReadonlyMap<string, Accepted<Targets>>;
type Delegators = ReadonlyMap<string, readonly Delegator[]>;

interface Delegator {
  readonly role: string;
  permits(name: string): boolean;
}

function reaches(delegators: Delegators, role: string, name: string, seen: Set<string>): boolean {
  if (role === 'targets') return true;
  if (seen.has(role)) return false;
  seen.add(role);
  return (delegators.get(role) ?? []).some((by) => by.permits(name) && reaches(delegators, by.role, name, seen));
}

/** Made when first asked for: the loaded files of a view never change. */
const known = new WeakMap<Loaded, Delegators>();

function delegatorsIn(loaded: Loaded): Delegators {
  const found = known.get(loaded) ?? collect(loaded);
  known.set(loaded, found);
  return found;
}

function collect(loaded: Loaded): Delegators {
  const found = new Map<string, Delegator[]>();
  const add = (role: string, delegator: Delegator): void => {
    const list = found.get(role);
    if (list === undefined) found.set(role, [delegator]);
    else list.push(delegator);
  };
  for (const [role, { model }] of loaded) {
    const { bins } = model;
    for (const child of model.delegations) add(child.role, { role, permits: (name) => permitsName(child.paths, name) });
    const bin = (name: string): string => (bins === undefined ? '' : binFor(bins, name));
    if (bins !== undefined)
      for (const other of loaded.keys())
        if (other.startsWith(`${bins.prefix}-`)) add(other, { role, permits: (name) => bin(name) === other });
  }
  return found;
}
