import { binFor, binName } from '../../trust/tuf/bins.ts';
import { type Bins, type Delegations, type Entry, MAX_BITS } from '../document/documents.ts';
import type { Draft } from './draft.ts';

/** The role for all images of which no other is in charge, and the prefix of its bins. */
export const BULK = 'bulk';
/** A repository begins with 16: each is a file that has to be signed. */
export const FIRST_BITS = 4;
/** A bin with more makes a lookup dear; then there are as many as it takes for about this half. */
const MOST_ENTRIES = 200;
const ENTRIES = 100;

type Delegation = Extract<Delegations, { readonly kind: 'bins' }>;

/** Every name that bins may be asked for: a client takes one that is not listed for an attack. */
export function binNames({ prefix, bits }: Pick<Bins, 'prefix' | 'bits'>): readonly string[] {
  return Array.from({ length: 2 ** bits }, (_, index) => binName({ prefix, bits }, index));
}

/**
 * More bins once one of those that were changed has become large. Every file of them is signed anew, which happens again only when
 * there are twice as many approvals. The optimum of what a lookup transfers is flat: snapshot entries against entries of a bin.
 */
export async function growBins(draft: Draft): Promise<void> {
  const delegation = await delegationOf(draft);
  if (delegation === undefined) return;
  const { bins } = delegation;
  const names = new Set(binNames(bins));
  const large = [...draft.roles].some(([role, { targets }]) => names.has(role) && targets.size > MOST_ENTRIES);
  if (!large) return;
  let count = 0;
  for (const role of names) count += (await draft.read(role))?.targets.size ?? 0;
  const bits = Math.min(MAX_BITS, Math.ceil(Math.log2(count / ENTRIES)));
  if (bits > bins.bits) await spread(draft, { ...delegation, bins: { ...bins, bits } }, names);
}

async function spread(draft: Draft, delegation: Delegation, before: ReadonlySet<string>): Promise<void> {
  const all = new Map<string, Entry>();
  for (const role of before) for (const [target, entry] of (await draft.edit(role)).targets) all.set(target, entry);
  (await draft.edit(BULK)).delegations = delegation;
  for (const role of before) draft.roles.delete(role);
  const { bins } = delegation;
  const spread = new Map(binNames(bins).map((role) => [role, new Map<string, Entry>()]));
  for (const [target, entry] of all) spread.get(binFor(bins, target))?.set(target, entry);
  for (const [role, targets] of spread) draft.add(role, targets);
}

/** Undefined where the repository has none. */
export async function binsOf(draft: Pick<Draft, 'read'>): Promise<Bins | undefined> {
  return (await delegationOf(draft))?.bins;
}

async function delegationOf(draft: Pick<Draft, 'read'>): Promise<Delegation | undefined> {
  const delegations = (await draft.read(BULK))?.delegations;
  return delegations?.kind === 'bins' ? delegations : undefined;
}
