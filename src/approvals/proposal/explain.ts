import { byCodePoint } from '../../json/canonical.ts';
import { BELOW } from '../../trust/tuf/search.ts';
import type { Approval, Bins, DelegatedRole, Delegations, Entry, Quorum } from '../document/documents.ts';
import { TOP_ROLES } from '../document/documents.ts';
import { binNames, BULK } from '../edit/bins.ts';
import type { Draft } from '../edit/draft.ts';
import type { Made } from './make-proposal.ts';

/** What a proposal changes, from the files themselves: not what it says of itself. */
export interface Explanation {
  /** In the order of their names. */
  readonly targets: readonly TargetChange[];
  readonly quorums: readonly QuorumChange[];
  /** Files to sign, by role, with the end of what they say, epoch milliseconds. */
  readonly files: ReadonlyMap<string, number>;
  /** More or fewer bins. */
  readonly bins: { readonly before: number; readonly after: number } | undefined;
}

export type TargetChange =
  | { readonly target: string; readonly before: Placed; readonly after?: never }
  | { readonly target: string; readonly before?: never; readonly after: Placed }
  | { readonly target: string; readonly before: Placed; readonly after: Placed };

export interface Placed {
  readonly role: string;
  readonly entry: Entry;
}

export type QuorumChange =
  | { readonly role: string; readonly before: Quorum; readonly after?: never }
  | {
      readonly role: string;
      readonly before?: Quorum;
      readonly after: Quorum;
      /** What an owner's role is in charge of from now on. */
      readonly paths?: DelegatedRole['paths'];
      /** Roles that came after it, and are asked before it from now on. */
      readonly behind?: readonly string[];
    };

export async function explain({ draft, documents }: Made): Promise<Explanation> {
  const files = new Map([...documents].map(([role, { document }]) => [role, document.expires]));
  const bins = await otherBins(draft);
  return {
    targets: await targetChanges(draft),
    quorums: [...rootQuorums(draft), ...(await delegatedQuorums(draft)), ...(await foreignQuorums(draft))],
    files,
    bins: bins && { before: 2 ** bins.before.bits, after: 2 ** bins.after.bits },
  };
}

async function targetChanges(draft: Draft): Promise<readonly TargetChange[]> {
  const standing = await targetsBefore(draft);
  const changes = new Map<string, TargetChange>();
  for (const [target, before] of standing) changes.set(target, { target, before });
  for (const [role, { targets }] of draft.roles)
    for (const [target, entry] of targets) {
      const before = standing.get(target);
      const after = { role, entry };
      if (before === undefined) changes.set(target, { target, after });
      else if (isSame(before, after)) changes.delete(target);
      else changes.set(target, { target, before, after });
    }
  return [...changes.values()].sort((a, b) => byCodePoint(a.target, b.target));
}

/**
 * The attack: in the file of a role that is drafted too stands the name of another's image, with the digest that is proposed for
 * it; then nothing seems to change. So of what stands only the word of the role in charge counts.
 */
async function targetsBefore(draft: Draft): Promise<ReadonlyMap<string, Placed>> {
  const before = new Map<string, Placed>();
  for (const role of await rolesBefore(draft)) {
    const standing = await draft.standing?.role(role);
    if (standing === undefined) continue;
    for (const [target, entry] of standing.document.targets)
      if ((await draft.holderBefore(target)) === role) before.set(target, { role, entry });
  }
  return before;
}

/** Those that are drafted anew, and those that are gone: owners' roles, and bins that became others. */
async function rolesBefore(draft: Draft): Promise<ReadonlySet<string>> {
  const roles = new Set(draft.roles.keys());
  for (const { name } of await rolesGone(draft)) roles.add(name);
  const bins = await otherBins(draft);
  if (bins !== undefined) for (const name of binNames(bins.before)) roles.add(name);
  return roles;
}

async function rolesGone(draft: Draft): Promise<readonly DelegatedRole[]> {
  const drafted = draft.roles.get('targets');
  if (drafted === undefined) return [];
  const left = new Set(rolesIn(drafted.delegations).map(({ name }) => name));
  return (await rolesThatStand(draft)).filter(({ name }) => !left.has(name));
}

async function rolesThatStand({ standing }: Draft): Promise<readonly DelegatedRole[]> {
  return rolesIn((await standing?.role('targets'))?.document.delegations);
}

function rolesIn(delegations: Delegations | undefined): readonly DelegatedRole[] {
  return delegations?.kind === 'roles' ? delegations.roles : [];
}

/** Whose word it was is filled in when the next version is made, from the signatures on the one before: nothing anew is said by it. */
function isSame(before: Placed, after: Placed): boolean {
  return familyOf(before.role) === familyOf(after.role) && meaningOf(before.entry) === meaningOf(after.entry);
}

/** A bin is no owner: between bins names move when there are more. */
export function familyOf(role: string): string {
  return role.startsWith(`${BULK}-`) ? BULK : role;
}

/** As text, but for whose word it was. */
export function meaningOf(said: Entry | Approval | undefined): string | undefined {
  return JSON.stringify(said, (name, value: unknown) => {
    if (name === 'keys' || name === 'carried') return undefined;
    return value instanceof Map ? [...(value as ReadonlyMap<string, string>)] : value;
  });
}

function rootQuorums({ root, standing }: Draft): readonly QuorumChange[] {
  if (root === undefined) return [];
  return TOP_ROLES.flatMap((role) => {
    const [before, after] = [standing?.root.roles[role], root.roles[role]];
    return isSameQuorum(before, after) ? [] : [{ role, after, ...(before && { before }) }];
  });
}

async function delegatedQuorums(draft: Draft): Promise<readonly QuorumChange[]> {
  const standing = await rolesThatStand(draft);
  const drafted = rolesIn(draft.roles.get('targets')?.delegations);
  const changes = drafted.flatMap((after, at): readonly QuorumChange[] => {
    const before = standing.find(({ name }) => name === after.name);
    const behind = overtaking(standing, drafted.slice(0, at), after.name);
    const moved = String(before?.paths.of) !== String(after.paths.of);
    if (!moved && behind.length === 0 && isSameQuorum(before, after)) return [];
    const where = { ...(moved && { paths: after.paths }), ...(behind.length > 0 && { behind }) };
    return [{ role: after.name, after, ...(before && { before }), ...where }];
  });
  return [...changes, ...(await rolesGone(draft)).map((before) => ({ role: before.name, before }))];
}

/**
 * The attack: two roles name the same image, and the first decides. Who takes the first away and makes it again in one proposal changes
 * no key and no path, and has made the second the one that decides.
 */
function overtaking(
  standing: readonly DelegatedRole[],
  ahead: readonly DelegatedRole[],
  role: string,
): readonly string[] {
  const order = standing.map(({ name }) => name);
  if (!order.includes(role)) return [];
  return ahead.map(({ name }) => name).filter((name) => order.indexOf(name) > order.indexOf(role));
}

/** Of roles that delegated, and to whom tufgate lets nobody delegate: that ends. */
async function foreignQuorums(draft: Draft): Promise<readonly QuorumChange[]> {
  const gone: QuorumChange[] = [];
  for (const [role, { delegations }] of draft.roles) {
    const before = (await draft.standing?.role(role))?.document.delegations;
    if (delegations !== undefined || before === undefined) continue;
    const below = before.kind === 'roles' ? before.roles : [{ ...before.bins, name: before.bins.prefix }];
    gone.push(...below.map((each) => ({ role: `${role}${BELOW}${each.name}`, before: each })));
  }
  return gone;
}

function isSameQuorum(before: Quorum | undefined, after: Quorum): boolean {
  return before?.threshold === after.threshold && String(before.keyIds) === String(after.keyIds);
}

/** Undefined where there are as many as before. */
async function otherBins({ roles, standing }: Draft): Promise<{ before: Bins; after: Bins } | undefined> {
  const after = roles.get(BULK)?.delegations;
  const before = (await standing?.role(BULK))?.document.delegations;
  if (before?.kind !== 'bins' || after?.kind !== 'bins' || before.bins.bits === after.bins.bits) return undefined;
  return { before: before.bins, after: after.bins };
}
