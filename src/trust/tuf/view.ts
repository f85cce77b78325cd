import { sha256FromHex } from './digest-of.ts';
import { refuseExpired } from './freshness.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Format } from './format/format.ts';
import type { Root, Snapshot, Targets, Timestamp } from './model.ts';
import { snapshotUnder, targetsUnder, timestampUnder } from './recovery.ts';
import { effectivePaths, permits } from './delegation-path.ts';
import { mayName, pursesFor } from './permission.ts';
import {
  type Accepted,
  type AnchorKind,
  newestRoot,
  type TrustContext,
  type Trusted,
  type TrustFile,
  type Unusable,
} from './trusted.ts';
import { outOfOrder, progressOf } from './progress.ts';
import { rolesToLoad } from './wanted.ts';

/** One verified update as a whole: all that a lookup rests on. Readers see one view or the next, never a mix. */
export interface View {
  readonly kind: Format['kind'];
  readonly gun: string;
  readonly anchor: AnchorKind;
  readonly root: Accepted<Root>;
  readonly timestamp: Accepted<Timestamp>;
  readonly snapshot: Accepted<Snapshot>;
  /** By role name: in Notary every file that is believed, in TUF 1.0 `targets` and what searches have loaded. */
  readonly targets: ReadonlyMap<string, Accepted<Targets>>;
  readonly unusable: ReadonlyMap<string, Unusable>;
}

/** What the roles of a view name, whatever it is worth today. */
export type Said = Pick<View, 'kind' | 'targets'>;

export interface SignedTag {
  readonly role: string;
  readonly tag: string;
  readonly digest: Digest;
}

/** One role's word on one tag, as a text that no other has. */
export function keyOf({ role, tag }: SignedTag): string {
  return `${role}\n${tag}`;
}

/** @throws internal when files of this update are missing; trust.expired */
export function completeView(ctx: TrustContext, trusted: Trusted, now: number): View {
  const { timestamp, snapshot, targets, unusable } = progressOf(trusted);
  if (timestamp === undefined || snapshot === undefined || rolesToLoad(ctx, trusted).length > 0)
    throw outOfOrder('a view before all its files were accepted');
  const root = newestRoot(trusted);
  const { anchor } = trusted;
  const view: View = { kind: ctx.format.kind, gun: ctx.gun, anchor, root, timestamp, snapshot, targets, unusable };
  refuseExpiredBase(view, now);
  return view;
}

/** What every answer rests on, whichever role gives it. @throws trust.expired */
export function refuseExpiredBase(view: View, now: number): void {
  for (const { file, model } of [view.root, view.timestamp, view.snapshot])
    refuseExpired(view.gun, file.role, model, now);
}

/**
 * The view as it stands under the newest root of `trusted`: the one before a failed update goes on serving only if it
 * still verifies. Undefined when it does not.
 */
export function viewUnder(ctx: TrustContext, trusted: Trusted, view: View): View | undefined {
  const root = newestRoot(trusted);
  const timestamp = timestampUnder(ctx, view.timestamp, root.model.timestamp);
  const snapshot = snapshotUnder(ctx, view.snapshot, root.model.snapshot);
  const top = view.targets.get('targets');
  const targets = top && targetsUnder(ctx, top, root.model.targets);
  if (!timestamp || !snapshot || !targets) return undefined;
  return { ...view, root, timestamp, snapshot, targets: new Map(view.targets).set('targets', targets) };
}

/**
 * What to store: timestamp, snapshot, and every targets file that is believed. Unusable ones verified by nobody are not
 * evidence, and their version may lie below the role's floor; a view that is read back misses them, and refuses what
 * would rest on them. In TUF 1.0 delegated files are no part of it: they lie on the shelf.
 */
export function viewFiles(view: View): readonly TrustFile[] {
  const { kind, timestamp, snapshot, targets } = view;
  const own = [...targets].filter(([role]) => kind === 'notary' || role === 'targets').map(([, accepted]) => accepted);
  return [timestamp, snapshot, ...own].map(({ file }) => file);
}

/**
 * Whether two updates came to the very same files. The attack: a timestamp need not give the hash of its snapshot, nor that
 * of targets; with other keys, files of the same versions come after the same timestamp, and what they revoke is missed.
 */
export function sameFiles(one: View, other: View): boolean {
  const known = new Map(viewFiles(one).map(({ role, sha256 }) => [role, sha256]));
  const files = viewFiles(other);
  return files.length === known.size && files.every(({ role, sha256 }) => known.get(role) === sha256);
}

/**
 * What the loaded roles of the view name, within what they may speak for. In TUF 1.0 whose word counts is known only by
 * searching for it.
 */
export function* viewSignedTags(view: Said): Iterable<SignedTag> {
  const permissionOf = permissionsIn(view);
  for (const [role, { model }] of view.targets) {
    const may = permissionOf(role);
    for (const [tag, { sha256 }] of model.targets)
      if (sha256 !== undefined && may(tag)) yield { role, tag, digest: sha256FromHex(sha256) };
  }
}

function permissionsIn(view: Said): (role: string) => (name: string) => boolean {
  if (view.kind === 'tuf') {
    const purses = pursesFor(view.targets);
    return (role) => (name) => mayName(view.targets, role, name, purses);
  }
  return (role) => {
    const paths = effectivePaths(view, role);
    return (name) => permits(paths, name);
  };
}

/** Of root, timestamp, snapshot and these roles, in that order. Epoch milliseconds. */
export function expiriesOf(view: View, roles: readonly string[]): ReadonlyMap<string, number> {
  return new Map(filesBehind(view, roles).map(({ file, model }) => [file.role, model.expires]));
}

export function versionsOf(view: View, roles: readonly string[]): ReadonlyMap<string, number> {
  return new Map(filesBehind(view, roles).map(({ file, model }) => [file.role, model.version]));
}

/** Root version and the ids of the keys that signed it, as decisions show them. */
export function rootOf(view: View): {
  readonly version: number;
  readonly keys: readonly string[];
  readonly anchor: AnchorKind;
} {
  return { version: view.root.model.version, keys: view.root.signers, anchor: view.anchor };
}

function filesBehind(view: View, roles: readonly string[]): readonly Accepted<Root | Timestamp | Snapshot | Targets>[] {
  const names = new Set(roles);
  const targets = [...view.targets].filter(([role]) => names.has(role)).map(([, accepted]) => accepted);
  return [view.root, view.timestamp, view.snapshot, ...targets];
}
