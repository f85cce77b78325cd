import { TufgateError } from '../../errors.ts';
import { expired, refuseExpired, refuseRollback } from './freshness.ts';
import { sha512Hex } from './hex.ts';
import type { Authority, MetaEntry, Model, Root, Signed, Snapshot, Targets, Timestamp } from './model.ts';
import { targetsUnder } from './recovery.ts';
import { delegatorOf } from './role-name.ts';
import { shortOfThreshold, signedBy } from './threshold.ts';
import {
  type Accepted,
  newestRoot,
  type Progress,
  type TrustContext,
  type Trusted,
  type TrustFile,
  trustFile,
  type Unusable,
} from './trusted.ts';

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

export function checkTimestamp(ctx: TrustContext, root: Root, bytes: Uint8Array): Accepted<Timestamp> {
  const signed = ctx.format.timestamp(ctx.gun, bytes, ctx.crypto);
  return signedFile(ctx, 'timestamp', root.timestamp, signed, trustFile('timestamp', signed.model.version, bytes));
}

export function checkSnapshot(
  ctx: TrustContext,
  root: Root,
  timestamp: Timestamp,
  bytes: Uint8Array,
): Accepted<Snapshot> {
  const sha256 = refuseOtherBytes(ctx, 'snapshot', timestamp.snapshot, bytes);
  const signed = ctx.format.snapshot(ctx.gun, bytes, ctx.crypto);
  const file = { role: 'snapshot', version: signed.model.version, sha256, bytes };
  const accepted = signedFile(ctx, 'snapshot', root.snapshot, signed, file);
  refuseOtherVersion(ctx, 'snapshot', timestamp.snapshot, signed.model);
  return accepted;
}

const REMADE =
  '; if its keys were not rotated by the trusted root, the collection was made anew, or by somebody else: ask its publisher, and pin the new root only if it is right';
const GONE = '; its signer may have been removed: one who still may sign must sign it again';

/** @param known the same bytes need not be parsed and verified twice */
export function checkTargets(
  ctx: TrustContext,
  authority: Authority,
  entry: MetaEntry,
  role: string,
  bytes: Uint8Array,
  known?: Accepted<Targets>,
): Accepted<Targets> | Unusable {
  const sha256 = refuseOtherBytes(ctx, role, entry, bytes);
  if (known?.file.sha256 === sha256) return known;
  const signed = ctx.format.targets(ctx.gun, role, bytes, ctx.crypto);
  const file = { role, version: signed.model.version, sha256, bytes };
  const by = signedBy(ctx.crypto, authority.keys, signed);
  const short = shortOfThreshold(`${role} of ${ctx.gun}`, by, authority.threshold, role === 'targets' ? REMADE : GONE);
  if (short !== undefined) return { code: short.code, message: short.message };
  refuseOtherVersion(ctx, role, entry, signed.model);
  return { model: signed.model, file, ...by };
}

/**
 * Mix and match: a snapshot that was made for another root than the newest that is known.
 * @param roots the ones it may name
 */
export function refuseOtherRoot(
  ctx: TrustContext,
  snapshot: Snapshot,
  roots: readonly Accepted<Root>[],
): Accepted<Root> {
  const entry = snapshot.meta.get('root');
  const named = roots.find(({ file }) => file.sha256 === entry?.hashes.sha256);
  if (named === undefined || entry === undefined) {
    const why = `snapshot version ${snapshot.version} of ${ctx.gun} names another root than the newest of the chain`;
    throw new TufgateError('trust.hash', why);
  }
  refuseOtherBytes(ctx, 'root', entry, named.file.bytes, named.file.sha256);
  return named;
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

/** Mix and match (TUF 5.5.4, 5.6.4): the file must carry the very version that named it. */
function refuseOtherVersion(ctx: TrustContext, role: string, entry: MetaEntry, model: Model): void {
  if (entry.version === undefined || entry.version === model.version) return;
  const why = `is version ${model.version}, the signed metadata names version ${entry.version}`;
  throw new TufgateError('trust.hash', `${role} of ${ctx.gun} ${why}`, { detail: { role } });
}

/** Every hash that is listed must match, over the bytes as received. @returns their sha256 */
function refuseOtherBytes(
  ctx: TrustContext,
  role: string,
  entry: MetaEntry,
  bytes: Uint8Array,
  known?: string,
): string {
  const file = known ?? trustFile(role, 0, bytes).sha256;
  const { length, hashes } = entry;
  const right =
    (hashes.sha256 === undefined || hashes.sha256 === file) &&
    (hashes.sha512 === undefined || hashes.sha512 === sha512Hex(bytes));
  if (right && (length === undefined || bytes.length <= length)) return file;
  const why = `${role} of ${ctx.gun} is not the file that the signed metadata names: hash or length differ`;
  throw new TufgateError('trust.hash', why, { detail: { role } });
}

function signedFile<T extends Model>(
  ctx: TrustContext,
  role: string,
  authority: Authority,
  signed: Signed<T>,
  file: TrustFile,
): Accepted<T> {
  const by = signedBy(ctx.crypto, authority.keys, signed);
  const what = `${role} version ${signed.model.version} of ${ctx.gun}`;
  const short = shortOfThreshold(what, by, authority.threshold, REMADE);
  if (short !== undefined) throw short;
  return { model: signed.model, file, ...by };
}

/** Who may sign the role: for a delegation what its delegator, accepted in this same update, says. */
export function authorityFor(root: Root, progress: Pick<Progress, 'targets'>, role: string): Authority {
  const parent = delegatorOf(role);
  if (parent === undefined) return root.targets;
  const delegation = progress.targets.get(parent)?.model.delegations.find((child) => child.role === role);
  if (delegation === undefined) throw outOfOrder(`${role} before its delegator`);
  return delegation;
}

export function entryFor(progress: Pick<Progress, 'snapshot'>, role: string): MetaEntry {
  const entry = progress.snapshot?.model.meta.get(role);
  if (entry === undefined) throw outOfOrder(`${role}, which no snapshot of this update lists`);
  return entry;
}

export function progressOf(trusted: Trusted): Progress {
  if (trusted.progress === undefined) throw outOfOrder('a role before the root chain was finished');
  return trusted.progress;
}

export function outOfOrder(what: string): TufgateError {
  return new TufgateError('internal', `the update is out of order: ${what}`);
}
