import type { Authority, Key, Model, Signed, Snapshot, Targets, Timestamp } from './model.ts';
import { shortOfThreshold, type SignedBy, signedBy } from './threshold.ts';
import { type Accepted, newestRoot, type TrustContext, type Trusted, type TrustFile } from './trusted.ts';

/**
 * What an accepted file is worth under another authority than the one it was accepted under, and what becomes of
 * floors that are worth nothing any more: TUF's fast-forward recovery (#update-root step 5.3.11).
 *
 * The attack: with a stolen timestamp key, sign version 2^53-1; every honest file is then a rollback, for ever. Once
 * the publisher has rotated the key the floor no longer verifies and goes. An added key alone keeps the floor. When
 * the timestamp's or the snapshot's goes, both go, and in TUF 1.0 all targets files with them, because the snapshot
 * carried their versions. Notary's snapshots carry none, so floors of targets do not hang on them: one goes when it no
 * longer verifies under the newest root (`targets`) or under its current delegator.
 */
export function recoverFloors(
  ctx: TrustContext,
  trusted: Trusted,
): { readonly trusted: Trusted; readonly forgotten: readonly string[] } {
  const root = newestRoot(trusted).model;
  const { timestamp: oldTimestamp, snapshot: oldSnapshot, ...rest } = trusted;
  const timestamp = oldTimestamp && timestampUnder(ctx, oldTimestamp, root.timestamp);
  const snapshot = oldSnapshot && snapshotUnder(ctx, oldSnapshot, root.snapshot);
  const bothStand = timestamp?.file === oldTimestamp?.file && snapshot?.file === oldSnapshot?.file;
  const online = bothStand ? { ...(timestamp && { timestamp }), ...(snapshot && { snapshot }) } : {};
  const gone = bothStand ? [] : [oldTimestamp, oldSnapshot].flatMap((floor) => (floor ? [floor.file.role] : []));
  if (!bothStand && ctx.format.kind === 'tuf') {
    const carried = [...trusted.targets.keys(), ...trusted.shelf.keys()];
    return { trusted: { ...rest, targets: new Map(), shelf: new Map() }, forgotten: [...gone, ...carried] };
  }
  const { targets, forgotten } = recoverTargets(ctx, trusted.targets, root.targets);
  return { trusted: { ...rest, ...online, targets }, forgotten: [...gone, ...forgotten] };
}

function recoverTargets(
  ctx: TrustContext,
  floors: Trusted['targets'],
  authority: Authority,
): { readonly targets: Trusted['targets']; readonly forgotten: readonly string[] } {
  const floor = floors.get('targets');
  const kept = floor && targetsUnder(ctx, floor, authority);
  const targets = new Map(floors);
  if (kept) targets.set('targets', kept);
  else targets.delete('targets');
  return { targets, forgotten: floor && !kept ? ['targets'] : [] };
}

export function timestampUnder(
  ctx: TrustContext,
  file: Accepted<Timestamp>,
  authority: Authority,
): Accepted<Timestamp> | undefined {
  return under(ctx, file, authority, () => ctx.format.timestamp(ctx.gun, file.file.bytes, ctx.crypto));
}

export function snapshotUnder(
  ctx: TrustContext,
  file: Accepted<Snapshot>,
  authority: Authority,
): Accepted<Snapshot> | undefined {
  return under(ctx, file, authority, () => ctx.format.snapshot(ctx.gun, file.file.bytes, ctx.crypto));
}

export function targetsUnder(
  ctx: TrustContext,
  file: Accepted<Targets>,
  authority: Authority,
): Accepted<Targets> | undefined {
  return under(ctx, file, authority, () => ctx.format.targets(ctx.gun, file.file.role, file.file.bytes, ctx.crypto));
}

/** Signatures already verified need not be again, as long as every one of those keys still stands and they suffice. */
function under<T extends Model>(
  ctx: TrustContext,
  file: Accepted<T>,
  authority: Authority,
  parse: () => Signed<T>,
): Accepted<T> | undefined {
  const standing = new Map(authority.keys.map((key) => [key.keyId, key.material?.identity]));
  const identities = new Set(file.signers.map((keyId) => standing.get(keyId)));
  const same = !identities.has(undefined) && file.signerKeys.every((identity) => identities.has(identity));
  if (same && file.signerKeys.length >= authority.threshold) return file;
  const by = signedWith(ctx, file.file, authority.keys, parse);
  return shortOfThreshold(file.file.role, by, authority.threshold) === undefined ? { ...file, ...by } : undefined;
}

/**
 * Parsed, and its signatures verified, once for the same keys. The attack: a delegator names a large role of somebody else,
 * with keys of its own, and every pull of its names would parse it.
 */
function signedWith(
  { crypto }: TrustContext,
  file: TrustFile,
  keys: readonly Key[],
  parse: () => Signed<Model>,
): SignedBy {
  const byKeys = verified.get(file) ?? new WeakMap<readonly Key[], SignedBy>();
  verified.set(file, byKeys);
  const by = byKeys.get(keys) ?? signedBy(crypto, keys, parse());
  byKeys.set(keys, by);
  return by;
}

/** By the very objects: neither a file nor the keys of a delegation ever change. */
const verified = new WeakMap<TrustFile, WeakMap<readonly Key[], SignedBy>>();
