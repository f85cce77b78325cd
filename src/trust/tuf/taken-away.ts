import { isBinOf } from './bins.ts';
import { type Delegator, within, withinBin } from './delegators.ts';
import { readOnce } from './format/read-once.ts';
import type { Authority, Targets } from './model.ts';
import { NAME_STEPS, ONCE_STEPS } from './limits.ts';
import type { Shelf } from './permission.ts';
import { Purses } from './purses.ts';
import { targetsUnder } from './recovery.ts';
import { type EndedTag, saidBefore, signedIn } from './said-before.ts';
import type { Accepted, TrustContext } from './trusted.ts';
import { keyOf, type SignedTag } from './view.ts';

/**
 * TUF 1.0: what a file let other roles say, and the next file of its role lets them say no more, as far as it lies on the
 * shelf. All of it counts as removed, and so does what roles further below said of the same names.
 *
 * The attack: a role's key is stolen, its delegation is taken away, and another role signs the tag from now on. No search
 * comes by the old role again, and what the thief signed would go on as the past of the tag. A role that only has other
 * keys is judged by its next file, which a search comes by; unless the delegator names the tag itself now.
 *
 * @param may the names that the role itself may speak for
 */
export function takenAway(
  context: TrustContext,
  { role, before, after, may }: Change,
  shelf: Shelf,
): readonly EndedTag[] {
  const ctx = { ...context, format: readOnce(context.format) };
  const now = edgesTo(role, after, shelf);
  const changed = [...edgesTo(role, before, shelf)].flatMap(([child, was]) =>
    now.get(child)?.like === was.like ? [] : [{ child, was, files: filesBelow(ctx, child, shelf, role) }],
  );
  const { signedOnce, names } = namedIn(changed.flatMap(({ files }) => files));
  const allows = allowing(role, ONCE_STEPS + NAME_STEPS * names);
  // Sixty ways to a role are sixty looks at its names, and still end each but once.
  const ended = new Map<string, EndedTag>();
  for (const { child, was, files } of changed) {
    const goesOn = stillMay(ctx, files[0], now.get(child), after, allows);
    for (const signed of files.flatMap(signedOnce)) {
      const { tag } = signed;
      const key = keyOf(signed);
      if (!ended.has(key) && may(tag) && allows(was, tag, true) && !goesOn(tag))
        ended.set(key, { ...signed, removed: true });
    }
  }
  return [...ended.values()];
}

type Allows = (edge: Below, name: string, beyond: boolean) => boolean;

/** The role whose file it is pays; for what it was, and for what it is, from a purse each. */
function allowing(role: string, most: number): Allows {
  const [was, is] = [new Purses(most), new Purses(most)];
  return ({ by }, name, beyond) => (beyond ? was : is).pay(role, (steps) => by.permits(name, steps)) ?? beyond;
}

/** What the files name, however many ways lead to each. */
function namedIn(files: readonly Accepted<Targets>[]): {
  readonly signedOnce: (file: Accepted<Targets>) => readonly SignedTag[];
  readonly names: number;
} {
  const named = new Map(files.map((each) => [each.file.role, signedIn(each)]));
  const names = [...named.values()].reduce((sum, { length }) => sum + length, 0);
  return { names, signedOnce: (each) => named.get(each.file.role) ?? signedIn(each) };
}

/** @param known the child's own file */
function stillMay(
  ctx: TrustContext,
  known: Accepted<Targets> | undefined,
  is: Below | undefined,
  after: Targets,
  allows: Allows,
): (name: string) => boolean {
  if (is === undefined) return () => false;
  const silenced = known !== undefined && targetsUnder(ctx, known, is.authority) === undefined;
  return (name) => allows(is, name, false) && !(silenced && after.targets.has(name));
}

/** A role's file, and the one that comes after it. */
interface Change {
  readonly role: string;
  readonly before: Targets;
  readonly after: Targets;
  readonly may: (name: string) => boolean;
}

interface Below {
  readonly authority: Authority;
  readonly by: Delegator;
  /** Equal for delegations that are. */
  readonly like: string;
}

/** Only to what lies on the shelf: nothing of others was ever given out. */
function edgesTo(role: string, { delegations, bins }: Targets, shelf: Shelf): ReadonlyMap<string, Below> {
  if (bins === undefined) {
    const known = delegations.filter((each) => shelf.has(each.role));
    return new Map(
      known.map((each) => [each.role, { authority: each, by: within(role, each.paths), like: like(each, each.paths) }]),
    );
  }
  const found = [...shelf.keys()].filter((name) => isBinOf(bins, name));
  return new Map(
    found.map((bin) => [bin, { authority: bins, by: withinBin(role, bins, bin), like: like(bins, bins.bits) }]),
  );
}

function like({ keys, threshold }: Authority, what: unknown): string {
  return JSON.stringify([what, threshold, keys.map(({ keyId, material }) => [keyId, material?.identity])]);
}

/** The role's own first. */
function filesBelow(ctx: TrustContext, role: string, shelf: Shelf, above: string): readonly Accepted<Targets>[] {
  const found: Accepted<Targets>[] = [];
  const seen = new Set([above]);
  const ahead = [role];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const file = shelf.get(next);
    if (file === undefined || seen.has(next)) continue;
    seen.add(next);
    for (const accepted of saidBefore(ctx, [file]).targets.values()) {
      found.push(accepted);
      ahead.push(...edgesTo(next, accepted.model, shelf).keys());
    }
  }
  return found;
}
