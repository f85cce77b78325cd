import { binFor } from './bins.ts';
import type { Paths, Targets } from './model.ts';
import { beginsOtherwise } from './path-pattern.ts';
import { permitsName } from './paths.ts';
import type { Accepted, TrustFile } from './trusted.ts';

/**
 * TUF 1.0: may this role speak for this name, as far as the loaded files say? Along some chain of delegations from
 * `targets`, each of which permits the name; whose word counts in the end is for a search to say.
 *
 * The attack: a role lists, or stops listing, names that are not its to speak for, and what is kept of names (which tag
 * a digest has, which tags ended) fills with them.
 */
export function mayName(loaded: Loaded, role: string, name: string, effort: Effort = new Map()): boolean {
  return reaches(delegatorsIn(loaded), role, name, permitting(effort, false), new Set());
}

/**
 * Of a name that this role listed, and lists no more. Too much that ended only refuses; the attacks lose what was revoked:
 * names and patterns, many enough to spend what may be spent; and a search that comes by a role along one of its
 * delegators, while the one that lets it speak for the name is not loaded. So a name that nothing is left for counts, and
 * so does what a file on the shelf may let the role say.
 */
export function mightName(loaded: Loaded, shelf: Shelf, role: string): (name: string) => boolean {
  const permits = permitting(new Map(), true);
  const read = delegatorsIn(loaded);
  const all = withUnread(
    read,
    [...shelf.values()].filter((file) => !loaded.has(file.role)),
  );
  return (name) => reaches(read, role, name, permits, new Set()) || reaches(all, role, name, permits, new Set());
}

/** Each file is looked through once for each role, however many names are asked for. */
function withUnread(read: Delegators, unread: readonly TrustFile[]): Delegators {
  const seen = new Map<string, readonly Delegator[]>();
  return (role) => {
    const found = seen.get(role) ?? [...read(role), ...unread.flatMap((file) => mayDelegate(file, role))];
    seen.set(role, found);
    return found;
  };
}

/** Without parsing, because there may be thousands of files: the name of a role, or of its bins, is written as it is, or with a backslash. */
function mayDelegate({ role, bytes }: TrustFile, child: string): readonly Delegator[] {
  const text = new TextDecoder().decode(bytes);
  const names = [child, child.replace(/-[0-9a-f]+$/, '')];
  const mentions = text.includes('\\') || names.some((name) => text.includes(`"${name}"`));
  return mentions ? [{ role, permits: () => true, costOf: () => 0, most: Infinity }] : [];
}

/** What one look at many names has cost so far, by delegation. */
export type Effort = Map<Delegator, number>;

type Loaded = ReadonlyMap<string, Accepted<Targets>>;
/** Files that were accepted before, by role name. */
export type Shelf = ReadonlyMap<string, TrustFile>;
type Delegators = (role: string) => readonly Delegator[];

export interface Delegator {
  readonly role: string;
  permits(name: string): boolean;
  costOf(name: string): number;
  /** What is too much. */
  readonly most: number;
}

type Permits = (by: Delegator, name: string) => boolean;

function reaches(delegators: Delegators, role: string, name: string, permits: Permits, seen: Set<string>): boolean {
  if (role === 'targets') return true;
  if (seen.has(role)) return false;
  seen.add(role);
  return delegators(role).some((by) => permits(by, name) && reaches(delegators, by.role, name, permits, seen));
}

/** @param beyond the answer when nothing is left to spend */
export function permitting(effort: Effort, beyond: boolean): Permits {
  return (by, name) => (affords(by, name, effort) ? by.permits(name) : beyond);
}

/**
 * The attack: thousands of names, and for each thousands of patterns that nearly match, keep the thread for minutes. So
 * there is an end to it; those of honest delegators need a few comparisons a name.
 */
function affords(by: Delegator, name: string, effort: Effort): boolean {
  const before = effort.get(by) ?? 0;
  if (before > by.most) return false;
  const spent = before + by.costOf(name);
  effort.set(by, spent);
  return spent <= by.most;
}

/** In comparisons of the beginning of a pattern, some ten nanoseconds each; a pattern that begins alike costs more. */
const COST = { once: 1 << 22, aName: 256, aMatch: 32 } as const;

function costOf(paths: Paths, name: string): number {
  const alike = paths.kind === 'patterns' ? paths.of.filter((pattern) => !beginsOtherwise(pattern, name)) : [];
  return paths.of.length + COST.aMatch * alike.length;
}

/** One delegation for itself. */
export function withinOnce(role: string, paths: Paths): Delegator {
  return { role, permits: (name) => permitsName(paths, name), costOf: (name) => costOf(paths, name), most: COST.once };
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
  const names = [...loaded.values()].reduce((sum, { model }) => sum + model.targets.size, 0);
  const most = COST.once + COST.aName * names;
  for (const [role, { model }] of loaded) {
    const { bins, delegations } = model;
    for (const { role: child, paths } of delegations) add(child, { ...withinOnce(role, paths), most });
    if (bins === undefined) continue;
    for (const other of loaded.keys())
      if (other.startsWith(`${bins.prefix}-`))
        add(other, { role, permits: (name) => binFor(bins, name) === other, costOf: () => 1, most: Infinity });
  }
  return (role) => found.get(role) ?? [];
}
