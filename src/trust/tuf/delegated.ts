import { TufgateError } from '../../errors.ts';
import { refuseExpired } from './freshness.ts';
import type { Targets } from './model.ts';
import type { Edge } from './search.ts';
import { type Accepted, isWanted, type TrustContext, type TrustFile } from './trusted.ts';
import { checkTargets } from './check.ts';
import type { View } from './view.ts';

/**
 * TUF 1.0: one delegated file that a search asked for (5.6.7.2.2): the same checks as for `targets` (two clients left
 * them out here: CVE-2026-6966, CVE-2026-6967).
 *
 * @param shelf the file accepted before under this name: other bytes of the same version are refused
 * @throws trust.*; the search fails then, nobody of lower priority is asked
 */
export function acceptDelegated(
  ctx: TrustContext,
  { wanted, authority }: Edge,
  bytes: Uint8Array,
  now: number,
  shelf?: TrustFile,
): Accepted<Targets> {
  const { role, entry } = wanted;
  const checked = checkTargets(ctx, authority, entry, role, bytes);
  if ('code' in checked) throw new TufgateError(checked.code, checked.message, { detail: { role } });
  if (shelf?.version === checked.model.version && shelf.sha256 !== checked.file.sha256)
    throw new TufgateError(
      'trust.equal-version',
      `${role} of ${ctx.gun} is another file than the one seen before with the same version ${shelf.version}`,
      { detail: { role } },
    );
  refuseExpired(ctx.gun, role, checked.model, now);
  return checked;
}

export function withRole(view: View, accepted: Accepted<Targets>): View {
  return { ...view, targets: new Map(view.targets).set(accepted.file.role, accepted) };
}

/**
 * What was loaded for another view, and is the very file that this one's snapshot lists, need not be loaded again. Who
 * signed it is judged by each search anyway.
 */
export function carryOver(before: View | undefined, view: View): View {
  if (view.kind === 'notary') return view;
  const targets = new Map<string, Accepted<Targets>>(view.targets);
  for (const [role, accepted] of before?.targets ?? []) {
    const entry = view.snapshot.model.meta.get(role);
    const same = entry !== undefined && isWanted({ role, entry, versioned: true }, accepted.file);
    const fits = entry?.length === undefined || accepted.file.bytes.length <= entry.length;
    if (same && fits && !targets.has(role)) targets.set(role, accepted);
  }
  return { ...view, targets };
}

/**
 * The attack: names in every one of 16,384 hash bins are asked for, until all of them are held parsed. Those that were
 * loaded first give way, and are verified again from the shelf when a search comes by them; the newest stays, whatever
 * its size.
 */
export function lightened(view: View, maxBytes: number): View {
  const loaded = [...view.targets.values()].filter(({ file }) => file.role !== 'targets');
  let bytes = loaded.reduce((sum, { file }) => sum + file.bytes.length, 0);
  const targets = new Map(view.targets);
  for (const { file } of loaded.slice(0, -1)) {
    if (bytes <= maxBytes) break;
    targets.delete(file.role);
    bytes -= file.bytes.length;
  }
  return { ...view, targets };
}
