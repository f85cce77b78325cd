import { binFor, isBinOf } from './bins.ts';
import { readOnce } from './format/read-once.ts';
import type { Authority, Targets } from './model.ts';
import { type Delegator, type Effort, permitting, type Shelf, withinOnce } from './permission.ts';
import { targetsUnder } from './recovery.ts';
import { type EndedTag, saidBefore, signedIn } from './said-before.ts';
import type { Accepted, TrustContext } from './trusted.ts';

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
  return [...edgesTo(role, before, shelf)].flatMap(([child, was]) => {
    const is = now.get(child);
    if (is?.like === was.like) return [];
    const [known, ...below] = filesBelow(ctx, child, shelf, role);
    const silenced = is !== undefined && known !== undefined && targetsUnder(ctx, known, is.authority) === undefined;
    const effort: Effort = new Map();
    const might = permitting(effort, true);
    const still = permitting(effort, false);
    const goesOn = (name: string): boolean =>
      is !== undefined && still(is.by, name) && !(silenced && after.targets.has(name));
    return [known, ...below]
      .flatMap((file) => (file === undefined ? [] : signedIn(file)))
      .filter(({ tag }) => may(tag) && might(was.by, tag) && !goesOn(tag))
      .map((signed) => ({ ...signed, removed: true }));
  });
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
      known.map((each) => [
        each.role,
        { authority: each, by: withinOnce(role, each.paths), like: like(each, each.paths) },
      ]),
    );
  }
  const found = [...shelf.keys()].filter((name) => isBinOf(bins, name));
  const by = (bin: string): Delegator => ({
    role,
    permits: (name) => binFor(bins, name) === bin,
    costOf: () => 0,
    most: Infinity,
  });
  return new Map(found.map((bin) => [bin, { authority: bins, by: by(bin), like: like(bins, bins.bits) }]));
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
