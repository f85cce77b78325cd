import { TufgateError } from '../../errors.ts';
import { sha512Hex } from './hex.ts';
import type { Authority, MetaEntry, Model, Root, Signed, Snapshot, Targets, Timestamp } from './model.ts';
import { shortOfThreshold, signedBy } from './threshold.ts';
import { type Accepted, type TrustContext, type TrustFile, trustFile, type Unusable } from './trusted.ts';

/**
 * One file for itself: is it the one that was named, who signed it, and is it of the right version? An update
 * (`update.ts`) asks this of what arrives, and `restore.ts` of what was stored; what came before, and the clock, are theirs
 * to judge.
 */
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
  '; if its keys were not rotated by the trusted root, the collection was made anew, or by somebody else: ask its publisher, and only if it is right pin the new root, and "tufgate trust forget" what is known of the old one';
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
  if (known?.file.sha256 === sha256) {
    refuseOtherVersion(ctx, role, entry, known.model);
    return known;
  }
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
