import { append } from './append.ts';
import { binFor, isBinOf } from './bins.ts';
import { NAME_STEPS, ONCE_STEPS } from './limits.ts';
import type { Bins, Paths, Targets } from './model.ts';
import type { Steps } from './path-pattern.ts';
import { permissionsFor } from './paths.ts';
import type { Accepted } from './trusted.ts';

/** Somebody who delegates to a role, and for which names. */
export interface Delegator {
  readonly role: string;
  permits(name: string, steps: Steps): boolean;
}

export function within(role: string, paths: Paths): Delegator {
  return { role, permits: (name, steps) => permissionsFor(name, steps)(paths) };
}

/** To one bin. */
export function withinBin(role: string, bins: Bins, bin: string): Delegator {
  return {
    role,
    permits(name, steps) {
      steps.spend(name.length);
      return binFor(bins, name) === bin;
    },
  };
}

export type Loaded = ReadonlyMap<string, Accepted<Targets>>;

/** Who delegates to whom, as far as the loaded files say. */
export interface Delegators {
  to(role: string): readonly Delegator[];
  /** The roles that `targets` delegates to and below which a role lies: whoever holds one of them made it, or let it be made. */
  readonly headsOf: (role: string) => readonly string[];
  /** What a look at all the names may cost each head, in characters compared. */
  readonly most: number;
}

/** Made when first asked for: the loaded files of a view never change. */
export function delegatorsIn(loaded: Loaded): Delegators {
  const found = known.get(loaded) ?? collect(loaded);
  known.set(loaded, found);
  return found;
}

const known = new WeakMap<Loaded, Delegators>();

function collect(loaded: Loaded): Delegators {
  const above = new Map<string, Delegator[]>();
  const below = new Map<string, string[]>();
  let names = 0;
  for (const [role, { model }] of loaded) {
    names += model.targets.size;
    for (const [child, delegator] of delegatedBy(role, model, loaded)) {
      append(above, child, delegator);
      append(below, role, child);
    }
  }
  const heads = headsBelow(below);
  return {
    to: (role) => above.get(role) ?? [],
    headsOf: (role) => heads.get(role) ?? [],
    most: ONCE_STEPS + NAME_STEPS * names,
  };
}

function* delegatedBy(role: string, { bins, delegations }: Targets, loaded: Loaded): Iterable<[string, Delegator]> {
  for (const { role: child, paths } of delegations) yield [child, within(role, paths)];
  if (bins === undefined) return;
  for (const child of loaded.keys()) if (isBinOf(bins, child)) yield [child, withinBin(role, bins, child)];
}

function headsBelow(below: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const heads = new Map<string, string[]>();
  for (const head of below.get('targets') ?? [])
    for (const role of reachable([head], (each) => below.get(each) ?? [])) append(heads, role, head);
  return heads;
}

/** These roles and all that can be come to from them, each once; a way that comes to `targets` ends there. */
export function reachable(from: readonly string[], next: (role: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const ahead = [...from];
  for (let role = ahead.pop(); role !== undefined; role = ahead.pop()) {
    if (found.has(role) || role === 'targets') continue;
    found.add(role);
    // One by one: a call takes no hundred thousand arguments.
    for (const each of next(role)) ahead.push(each);
  }
  return found;
}
