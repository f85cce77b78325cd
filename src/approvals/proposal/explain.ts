import { isBinOf } from '../../trust/tuf/bins.ts';
import { BELOW } from '../../trust/tuf/search.ts';
import type { Approval, Entry, Quorum, TargetsDocument } from '../document/documents.ts';
import { TOP_ROLES } from '../document/documents.ts';
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
  readonly bins?: { readonly before: number; readonly after: number };
}

export interface TargetChange {
  readonly target: string;
  readonly before?: Placed;
  readonly after?: Placed;
}

export interface Placed {
  readonly role: string;
  readonly entry: Entry;
}

export interface QuorumChange {
  readonly role: string;
  readonly before?: Quorum;
  readonly after?: Quorum;
  /** What an owner's role is in charge of from now on. */
  readonly paths?: readonly string[];
}

export async function explain({ draft, documents }: Made): Promise<Explanation> {
  const files = new Map([...documents].map(([role, { document }]) => [role, document.expires]));
  const bins = await binsOf(draft);
  return {
    targets: await targetChanges(draft),
    quorums: [...rootQuorums(draft), ...(await delegatedQuorums(draft)), ...(await foreignQuorums(draft))],
    files,
    ...(bins !== undefined && { bins }),
  };
}

/**
 * The attack: in the file of a role that is drafted too stands the name of another's image, with the digest that is proposed for
 * it; then nothing seems to change. So of what stands only the word of the role in charge counts.
 */
async function targetChanges(draft: Draft): Promise<readonly TargetChange[]> {
  const before = new Map<string, Placed>();
  const after = new Map<string, Placed>();
  for (const role of await rolesBefore(draft))
    for (const [target, entry] of (await draft.standing?.role(role))?.document.targets ?? [])
      if ((await draft.holderBefore(target)) === role) before.set(target, { role, entry });
  for (const [role, { targets }] of draft.roles)
    for (const [target, entry] of targets) after.set(target, { role, entry });
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((target) => {
    const change = { target, before: before.get(target), after: after.get(target) };
    if (change.before !== undefined && change.after !== undefined && isSame(change.before, change.after)) return [];
    return [{ target, ...(change.before && { before: change.before }), ...(change.after && { after: change.after }) }];
  });
}

/** Those that are drafted anew, and those that are gone: owners' roles, and bins that became others. */
async function rolesBefore(draft: Draft): Promise<readonly string[]> {
  const { standing } = draft;
  if (standing === undefined) return [];
  const roles = new Set(draft.roles.keys());
  if (draft.roles.has('targets')) {
    const named = delegatedNames((await standing.role('targets'))?.document);
    const left = new Set(delegatedNames(draft.roles.get('targets')));
    for (const role of named) if (!left.has(role)) roles.add(role);
  }
  for (const role of standing.snapshot.meta.keys()) if (await isFormerBin(draft, role)) roles.add(role);
  return [...roles];
}

async function isFormerBin(draft: Draft, role: string): Promise<boolean> {
  for (const [holder, { delegations }] of draft.roles) {
    if (delegations?.kind !== 'bins' || !role.startsWith(`${holder}-`)) continue;
    // One that is a bin still, and is not drafted, stays as it is.
    return !isBinOf({ ...delegations.bins, keys: [] }, role) && (await draft.standing?.role(role)) !== undefined;
  }
  return false;
}

function delegatedNames(
  document: (Pick<TargetsDocument, never> & { delegations?: TargetsDocument['delegations'] | undefined }) | undefined,
): readonly string[] {
  return document?.delegations?.kind === 'roles' ? document.delegations.roles.map(({ name }) => name) : [];
}

/** Whose word it was is filled in when the next version is made, from the signatures on the one before: nothing anew is said by it. */
function isSame(before: Placed, after: Placed): boolean {
  return isSameRole(before.role, after.role) && meaningOf(before.entry) === meaningOf(after.entry);
}

/** A bin is no owner: between bins names move when there are more. */
function isSameRole(before: string, after: string): boolean {
  const family = (role: string): string => role.replace(/^(bulk)-[0-9a-f]+$/, '$1');
  return family(before) === family(after);
}

/** As text, but for whose word it was. */
export function meaningOf(said: Entry | Approval): string {
  return JSON.stringify(said, (name, value: unknown) => {
    if (name === 'keys' || name === 'carried') return undefined;
    return value instanceof Map ? [...(value as ReadonlyMap<string, string>)] : value;
  });
}

function rootQuorums({ root, standing }: Draft): readonly QuorumChange[] {
  if (root === undefined) return [];
  return TOP_ROLES.flatMap((role) => quorumChange(role, standing?.root.roles[role], root.roles[role]));
}

async function delegatedQuorums(draft: Draft): Promise<readonly QuorumChange[]> {
  const drafted = draft.roles.get('targets')?.delegations;
  if (drafted?.kind !== 'roles') return [];
  const standing = (await draft.standing?.role('targets'))?.document.delegations;
  const before = new Map(standing?.kind === 'roles' ? standing.roles.map((role) => [role.name, role]) : []);
  const changes = drafted.roles.flatMap((role) => {
    const old = before.get(role.name);
    before.delete(role.name);
    const moved = String(old?.paths.of) !== String(role.paths.of);
    const paths = moved ? { paths: role.paths.of } : {};
    return quorumChange(role.name, old, role, moved).map((change) => ({ ...change, ...paths }));
  });
  return [...changes, ...[...before.values()].map((gone) => ({ role: gone.name, before: gone }))];
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

function quorumChange(role: string, before: Quorum | undefined, after: Quorum, moved = false): readonly QuorumChange[] {
  const same = !moved && before?.threshold === after.threshold && String(before.keyIds) === String(after.keyIds);
  return same ? [] : [{ role, after, ...(before && { before }) }];
}

async function binsOf(draft: Draft): Promise<Explanation['bins']> {
  for (const [role, { delegations }] of draft.roles) {
    const before = (await draft.standing?.role(role))?.document.delegations;
    if (delegations?.kind !== 'bins' || before?.kind !== 'bins') continue;
    if (before.bins.bits !== delegations.bins.bits)
      return { before: 2 ** before.bins.bits, after: 2 ** delegations.bins.bits };
  }
  return undefined;
}
