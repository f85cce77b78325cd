import { TufgateError } from '../../errors.ts';
import { checkSnapshot, checkTargets, checkTimestamp, refuseOtherRoot } from './check.ts';
import { expired, refuseExpired, refuseRollback } from './freshness.ts';
import type { MetaEntry, Snapshot } from './model.ts';
import { authorityFor, entryFor, outOfOrder, progressOf } from './progress.ts';
import { targetsUnder } from './recovery.ts';
import { newestRoot, type TrustContext, type Trusted, type TrustFile } from './trusted.ts';

/**
 * One update after the root chain: timestamp → snapshot → targets → delegations. Every function takes the bytes as they
 * were received and the state before, and gives the state after, or throws and has changed nothing.
 *
 * The order of checks of a file (TUF #update-snapshot, #update-targets): hash and length against what named it → shape
 * → signatures → version against the floor → expiry. Only what passed all of them becomes a floor.
 */

/**
 * A TUF 1.0 timestamp of the version that is the floor changes nothing, whatever else it says: the bytes seen first stay,
 * and still must not have expired (5.4.3.1). The caller sees it by the file, which is not the one it handed in.
 * @throws trust.*
 */
export function acceptTimestamp(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array, now: number): Trusted {
  progressOf(trusted);
  const floor = trusted.timestamp;
  const offered = checkTimestamp(ctx, newestRoot(trusted).model, bytes);
  const kept = ctx.format.kind === 'tuf' && floor?.model.version === offered.model.version;
  const timestamp = kept ? floor : offered;
  refuseRollback(ctx.gun, 'timestamp', floor, timestamp.model, timestamp.file.bytes);
  refuseLower(ctx, 'the snapshot that the timestamp names', floor?.model.snapshot, timestamp.model.snapshot);
  refuseExpired(ctx.gun, 'timestamp', timestamp.model, now);
  return { ...trusted, timestamp, progress: { timestamp, targets: new Map(), unusable: new Map() } };
}

/** @throws trust.* */
export function acceptSnapshot(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array, now: number): Trusted {
  const { timestamp } = progressOf(trusted);
  if (timestamp === undefined) throw outOfOrder('a snapshot before its timestamp');
  const root = newestRoot(trusted);
  const snapshot = checkSnapshot(ctx, root.model, timestamp.model, bytes);
  refuseRollback(ctx.gun, 'snapshot', trusted.snapshot, snapshot.model, bytes);
  refuseLowerEntries(ctx, trusted.snapshot?.model, snapshot.model);
  if (ctx.format.kind === 'notary') refuseOtherRoot(ctx, snapshot.model, [root]);
  refuseExpired(ctx.gun, 'snapshot', snapshot.model, now);
  return { ...trusted, snapshot, progress: { timestamp, snapshot, targets: new Map(), unusable: new Map() } };
}

/**
 * `targets` or a delegation whose delegator was accepted in this update.
 *
 * A delegation that is expired or short of its threshold does not fail the update: publishers get into that state, and
 * rules that do not need the role go on. It is never a floor. Everything else that is wrong fails the update.
 *
 * @returns `floor`: the file to store as the role's floor, when it passed all checks; `forgotten` as in `finishRoots`
 * @throws trust.*
 */
export function acceptTargets(
  ctx: TrustContext,
  trusted: Trusted,
  role: string,
  bytes: Uint8Array,
  now: number,
): { readonly trusted: Trusted; readonly floor?: TrustFile; readonly forgotten: readonly string[] } {
  const progress = progressOf(trusted);
  const authority = authorityFor(newestRoot(trusted).model, progress, role);
  const known = trusted.targets.get(role);
  const floor = known && targetsUnder(ctx, known, authority);
  const forgotten = known && !floor ? [role] : [];
  const floors = new Map(trusted.targets);
  if (!floor) floors.delete(role);
  const checked = checkTargets(ctx, authority, entryFor(progress, role), role, bytes, floor);
  if ('code' in checked) {
    if (role === 'targets') throw new TufgateError(checked.code, checked.message);
    const unusable = new Map(progress.unusable).set(role, checked);
    return { trusted: { ...trusted, targets: floors, progress: { ...progress, unusable } }, forgotten };
  }
  refuseRollback(ctx.gun, role, floor, checked.model, bytes);
  const late = expired(ctx.gun, role, checked.model, now);
  if (late !== undefined && role === 'targets') throw late;
  if (late === undefined) floors.set(role, checked);
  const after = { ...progress, targets: new Map(progress.targets).set(role, checked) };
  const state = { ...trusted, targets: floors, progress: after };
  return { trusted: state, forgotten, ...(late === undefined ? { floor: checked.file } : {}) };
}

/**
 * TUF 1.0: what a signed file says of another's version never goes back, and no file that was listed before goes missing
 * (5.4.3.2, 5.5.5). The attack: with the snapshot key alone, name an old, validly signed targets file. Notary's entries
 * have no versions; there each file's own floor is what holds.
 */
function refuseLowerEntries(ctx: TrustContext, floor: Snapshot | undefined, snapshot: Snapshot): void {
  for (const [role, before] of floor?.meta ?? []) {
    const entry = snapshot.meta.get(role);
    if (before.version !== undefined && entry === undefined)
      throw new TufgateError(
        'trust.rollback',
        `the snapshot of ${ctx.gun} no longer lists ${role}, which it did before`,
      );
    refuseLower(ctx, role, before, entry);
  }
}

function refuseLower(
  ctx: TrustContext,
  what: string,
  floor: MetaEntry | undefined,
  entry: MetaEntry | undefined,
): void {
  if (floor?.version === undefined || entry?.version === undefined || entry.version >= floor.version) return;
  const why = `went back to version ${entry.version}, version ${floor.version} was seen before`;
  const detail = { floor: floor.version, version: entry.version };
  throw new TufgateError('trust.rollback', `${what} of ${ctx.gun} ${why}`, { detail });
}
