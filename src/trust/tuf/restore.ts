import { TufgateError } from '../../errors.ts';
import { readOnce } from './format/read-once.ts';
import { sameBytes, sha256Hex } from './hex.ts';
import type { Authority, Model, Signed, Targets } from './model.ts';
import { snapshotUnder, targetsUnder, timestampUnder } from './recovery.ts';
import { acceptRoot, startChain } from './root-chain.ts';
import { countRootSigners } from './root-key.ts';
import { signedBy } from './threshold.ts';
import {
  type Accepted,
  type AnchorKind,
  type Progress,
  type TrustContext,
  type Trusted,
  type TrustFile,
  type Unusable,
} from './trusted.ts';
import { checkSnapshot, checkTargets, checkTimestamp, refuseOtherRoot } from './check.ts';
import { authorityFor, entryFor } from './progress.ts';
import { type View, viewUnder } from './view.ts';
import { rolesToLoad } from './wanted.ts';

/** As the state store has it. */
export interface Stored {
  readonly anchor: AnchorKind;
  readonly roots: readonly TrustFile[];
  readonly floors: readonly TrustFile[];
  readonly view?: readonly TrustFile[];
}

/**
 * From the database back to a trusted state. The database is ours, but it is not a root of trust: everything is
 * verified again, expiry excepted, so that who can write to the disk cannot make content trusted, and so that a pin
 * that was configured later holds for what is already stored (Notary's client checks neither).
 *
 * A floor may have been signed under an older root: recovery, which comes with the next `finishRoots`, judges it.
 * Floors of delegations are verified when they are used, because their delegator's file is known only then.
 *
 * A pin that covers only the later part of the chain cuts off the roots before. What was signed under those alone is no
 * damage: such floors stay until recovery judges them, which can only be stricter, and such a view is dropped.
 *
 * @returns the view is missing when it no longer verifies under the newest root, or under the part that is covered
 * @throws trust.pin, trust.wrong-name when the configured anchor does not cover what is stored: the chain must be
 *   started again; state.damaged when the stored bytes are not what was stored
 */
export function restore(context: TrustContext, stored: Stored): { readonly trusted: Trusted; readonly view?: View } {
  const ctx = { ...context, format: readOnce(context.format) };
  for (const file of new Set([...stored.roots, ...stored.floors, ...(stored.view ?? [])])) refuseChanged(ctx, file);
  const chain = restoreChain(ctx, stored);
  const cut = chain.roots.length < stored.roots.length;
  const trusted = intact(ctx, () => restoreFloors(ctx, chain, cut, stored.floors));
  const view = stored.view && restoreView(ctx, trusted, cut, stored.view);
  const standing = view && viewUnder(ctx, trusted, view);
  return standing === undefined ? { trusted } : { trusted, view: standing };
}

/** `cut`: the configured pin does not cover the beginning of what is stored. */
interface Covered {
  readonly roots: Trusted['roots'];
  readonly cut: boolean;
}

/** @throws state.damaged for a chain that was not cut */
function restoreView(ctx: TrustContext, trusted: Trusted, cut: boolean, files: readonly TrustFile[]): View | undefined {
  try {
    return intact(ctx, () => replay(ctx, trusted, files));
  } catch (error) {
    if (cut && error instanceof TufgateError && error.code === 'state.damaged') return undefined;
    throw error;
  }
}

/** With a configured pin the chain begins at the first root from which on the pin covers all. */
function restoreChain(ctx: TrustContext, stored: Stored): Trusted {
  const first = intact(ctx, () => firstCovered(ctx, stored.roots));
  const [start, ...later] = stored.roots.slice(first);
  if (start === undefined)
    throw new TufgateError('trust.pin', `the pin for ${ctx.gun} does not cover the root that was trusted before`);
  const begun = intact(ctx, () => startChain(ctx, start.bytes));
  const chain = intact(ctx, () => later.reduce((trusted, file) => acceptRoot(ctx, trusted, file.bytes), begun));
  return ctx.anchor.kind === 'first-use' ? { ...chain, anchor: stored.anchor } : chain;
}

function firstCovered(ctx: TrustContext, roots: readonly TrustFile[]): number {
  const { anchor } = ctx;
  if (anchor.kind === 'first-use') return 0;
  if (anchor.kind === 'root-file') {
    const found = roots.findIndex((file) => sameBytes(file.bytes, anchor.bytes));
    return found < 0 ? roots.length : found;
  }
  const newest = roots.length - 1;
  const refused = roots.findLastIndex((file, i) => !covered(ctx, file, i === newest));
  return refused + 1;
}

/** For the newest root the reason is the answer: a pin that does not cover it covers nothing that is stored. */
function covered(ctx: TrustContext, file: TrustFile, newest: boolean): boolean {
  try {
    const signed = ctx.format.root(ctx.gun, file.bytes, ctx.crypto);
    countRootSigners(ctx, `root version ${file.version} of ${ctx.gun}`, signed.model.root, signed);
    return true;
  } catch (error) {
    if (newest || !(error instanceof TufgateError) || error.code !== 'trust.pin') throw error;
    return false;
  }
}

function restoreFloors(ctx: TrustContext, chain: Trusted, cut: boolean, files: readonly TrustFile[]): Trusted {
  const targets = new Map<string, Accepted<Targets>>();
  const shelf = new Map<string, TrustFile>();
  const covered = { roots: chain.roots, cut };
  let trusted: Trusted = chain;
  for (const file of files) {
    if (file.role === 'timestamp') trusted = { ...trusted, timestamp: timestampFloor(ctx, covered, file) };
    else if (file.role === 'snapshot') trusted = { ...trusted, snapshot: snapshotFloor(ctx, covered, file) };
    else if (ctx.format.kind === 'tuf' && file.role !== 'targets') shelf.set(file.role, file);
    else targets.set(file.role, targetsFloor(ctx, covered, file));
  }
  return { ...trusted, targets, shelf };
}

function timestampFloor(ctx: TrustContext, chain: Covered, file: TrustFile): NonNullable<Trusted['timestamp']> {
  const floor = unjudged(ctx, file, ctx.format.timestamp(ctx.gun, file.bytes, ctx.crypto));
  return underAny(ctx, chain, floor, (root) => timestampUnder(ctx, floor, root.model.timestamp));
}

function snapshotFloor(ctx: TrustContext, chain: Covered, file: TrustFile): NonNullable<Trusted['snapshot']> {
  const floor = unjudged(ctx, file, ctx.format.snapshot(ctx.gun, file.bytes, ctx.crypto));
  return underAny(ctx, chain, floor, (root) => snapshotUnder(ctx, floor, root.model.snapshot));
}

function targetsFloor(ctx: TrustContext, chain: Covered, file: TrustFile): Accepted<Targets> {
  const floor = unjudged(ctx, file, ctx.format.targets(ctx.gun, file.role, file.bytes, ctx.crypto));
  if (file.role !== 'targets') return floor;
  return underAny(ctx, chain, floor, (root) => targetsUnder(ctx, floor, root.model.targets));
}

/** No signer is known yet: whoever uses it must verify it first. */
function unjudged<T extends Model>(ctx: TrustContext, file: TrustFile, { model }: Signed<T>): Accepted<T> {
  if (model.version !== file.version) throw damaged(ctx, `${file.role} is stored under another version than its own`);
  return { model, file, signers: [], signerKeys: [] };
}

function underAny<T extends Model>(
  ctx: TrustContext,
  chain: Covered,
  floor: Accepted<T>,
  judge: (root: Trusted['roots'][number]) => Accepted<T> | undefined,
): Accepted<T> {
  for (const root of chain.roots.toReversed()) {
    const judged = judge(root);
    if (judged !== undefined) return judged;
  }
  if (chain.cut) return floor;
  throw damaged(ctx, `the stored ${floor.file.role} is signed under no root of the chain`);
}

/** The update that made the view, once more, from the stored files and under the root that its snapshot names. */
function replay(ctx: TrustContext, trusted: Trusted, files: readonly TrustFile[]): View {
  const byRole = new Map(files.map((file) => [file.role, file.bytes]));
  const bytesOf = (role: string): Uint8Array => {
    const bytes = byRole.get(role);
    if (bytes === undefined) throw damaged(ctx, `the stored view has no ${role}`);
    return bytes;
  };
  const root = rootBehind(ctx, trusted.roots, bytesOf);
  const timestamp = checkTimestamp(ctx, root.model, bytesOf('timestamp'));
  const snapshot = checkSnapshot(ctx, root.model, timestamp.model, bytesOf('snapshot'));
  const start = { ...trusted, progress: { timestamp, snapshot, targets: new Map(), unusable: new Map() } };
  const { targets, unusable } = replayRoles(ctx, start, root, (role) => {
    return role === 'targets' || byRole.has(role) ? bytesOf(role) : undefined;
  });
  const { anchor } = trusted;
  return { kind: ctx.format.kind, gun: ctx.gun, anchor, root, timestamp, snapshot, targets, unusable };
}

/**
 * The root that the view was verified under: Notary's snapshot names it; in TUF 1.0 it is the newest that timestamp,
 * snapshot and targets all stand under. A later root may have changed the keys of one of them only.
 */
function rootBehind(
  ctx: TrustContext,
  roots: Trusted['roots'],
  bytesOf: (role: string) => Uint8Array,
): Trusted['roots'][number] {
  const { format, gun, crypto } = ctx;
  const snapshot = format.snapshot(gun, bytesOf('snapshot'), crypto);
  if (format.kind === 'notary') return refuseOtherRoot(ctx, snapshot.model, roots);
  const timestamp = format.timestamp(gun, bytesOf('timestamp'), crypto);
  const targets = format.targets(gun, 'targets', bytesOf('targets'), crypto);
  const meets = ({ keys, threshold }: Authority, signed: Signed<Model>): boolean =>
    signedBy(crypto, keys, signed).signerKeys.length >= threshold;
  const root = roots.findLast(
    ({ model }) =>
      meets(model.timestamp, timestamp) && meets(model.snapshot, snapshot) && meets(model.targets, targets),
  );
  if (root === undefined) throw damaged(ctx, 'the stored view is signed under no root of the chain');
  return root;
}

function replayRoles(
  ctx: TrustContext,
  start: Trusted & { readonly progress: Progress },
  root: Trusted['roots'][number],
  bytesOf: (role: string) => Uint8Array | undefined,
): Pick<View, 'targets' | 'unusable'> {
  const targets = new Map<string, Accepted<Targets>>();
  const unusable = new Map<string, Unusable>();
  const progress = { ...start.progress, targets, unusable };
  const rest = (): ReturnType<typeof rolesToLoad> => rolesToLoad(ctx, { ...start, progress });
  for (let next = rest(); next.length > 0; next = rest()) {
    for (const { role } of next) {
      const bytes = bytesOf(role);
      if (bytes === undefined) {
        unusable.set(role, notStored(ctx, role));
        continue;
      }
      const authority = authorityFor(root.model, progress, role);
      const checked = checkTargets(ctx, authority, entryFor(progress, role), role, bytes);
      if (!('code' in checked)) targets.set(role, checked);
      else if (role === 'targets') throw new TufgateError(checked.code, checked.message);
      else unusable.set(role, checked);
    }
  }
  return { targets, unusable };
}

/** Fail closed: why it was unusable is known again after the next update, until then nothing may rest on it. */
function notStored(ctx: TrustContext, role: string): Unusable {
  const message = `${role} of ${ctx.gun} could not be used in the last update, and is judged anew by the next`;
  return { code: 'trust.signer-missing', message };
}

/** The bytes were verified before they were stored: what fails now was changed since. */
function intact<T>(ctx: TrustContext, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TufgateError && cause.code.startsWith('trust.') && !COVERAGE.has(cause.code))
      throw damaged(ctx, cause.message, cause);
    throw cause;
  }
}

const COVERAGE: ReadonlySet<string> = new Set(['trust.pin', 'trust.wrong-name']);

function refuseChanged(ctx: TrustContext, file: TrustFile): void {
  if (sha256Hex(file.bytes) !== file.sha256) throw damaged(ctx, `the bytes of ${file.role} do not have their own hash`);
}

function damaged(ctx: TrustContext, why: string, cause?: unknown): TufgateError {
  const hint = `restore the database from a backup, or drop this collection with "tufgate trust forget ${ctx.gun}"`;
  return new TufgateError('state.damaged', `the stored trust of ${ctx.gun} is damaged: ${why}; ${hint}`, { cause });
}
