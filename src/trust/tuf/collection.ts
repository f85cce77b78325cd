/** The trusted state of one collection: an immutable value. (Signatures first; the checks follow.) */
import { TufgateError } from '../../errors.ts';
import type { Code } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Crypto } from './crypto-port.ts';
import type { Authority, Model, Root, Snapshot, Targets, Timestamp } from './model.ts';

/** Where the trust in a collection begins; `PinAnchor` of the configuration is assignable. */
export type Anchor =
  | { readonly kind: 'root-file'; readonly bytes: Uint8Array }
  | { readonly kind: 'keys'; readonly keyIds: readonly string[] }
  | { readonly kind: 'ca'; readonly pem: string }
  | { readonly kind: 'first-use' };
export type AnchorKind = Anchor['kind'];

export interface TrustContext {
  readonly gun: string;
  readonly anchor: Anchor;
  readonly crypto: Crypto;
}

/** One metadata file, byte for byte as received; the same shape as the state store's. */
export interface TrustFile {
  readonly role: string;
  readonly version: number;
  /** Lower-case hex of the received bytes. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** A file whose signatures reached the threshold. */
export interface Accepted<T extends Model> {
  readonly model: T;
  readonly file: TrustFile;
  /** Ids of the keys whose signatures verified. */
  readonly signers: readonly string[];
  /** Identities of the distinct public keys behind them. */
  readonly signerKeys: readonly string[];
}

/** A delegation that is listed, but that no rule may rest on. */
export interface Unusable {
  readonly file: TrustFile;
  readonly code: Code;
  readonly message: string;
}

/** What the running update has accepted so far, in order; `finishRoots` begins it. */
export interface Progress {
  readonly timestamp?: Accepted<Timestamp>;
  readonly snapshot?: Accepted<Snapshot>;
  readonly targets: ReadonlyMap<string, Accepted<Targets>>;
  readonly unusable: ReadonlyMap<string, Unusable>;
}

export interface Trusted {
  readonly anchor: AnchorKind;
  /** Ascending, gapless, never empty. */
  readonly roots: readonly Accepted<Root>[];
  /** Floors: the newest that passed all checks, in this update or an earlier one. */
  readonly timestamp?: Accepted<Timestamp>;
  readonly snapshot?: Accepted<Snapshot>;
  /** By role name. */
  readonly targets: ReadonlyMap<string, Accepted<Targets>>;
  readonly progress?: Progress;
}

/** A file to fetch next: Notary names it `<role>.<sha256>.json`. */
export interface Wanted {
  readonly role: string;
  readonly sha256: string;
  /** Bytes; read no more than this. */
  readonly length: number;
}

/** One verified update as a whole: all that a lookup rests on. */
export interface View {
  readonly gun: string;
  readonly anchor: AnchorKind;
  readonly root: Accepted<Root>;
  readonly timestamp: Accepted<Timestamp>;
  readonly snapshot: Accepted<Snapshot>;
  /** By role name. */
  readonly targets: ReadonlyMap<string, Accepted<Targets>>;
  readonly unusable: ReadonlyMap<string, Unusable>;
}

export interface Signers {
  readonly atLeast: number;
  readonly of: readonly string[];
}

export interface Want {
  readonly releases: 'strict' | 'docker';
  /** Replaces the releases rule. */
  readonly signers?: Signers;
}

/** What is signed for a tag, and by whom. */
export interface Found {
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  /** The roles whose word is believed. */
  readonly roles: readonly string[];
  /** Ids of the keys whose signatures on them verified. */
  readonly signers: readonly string[];
}

export interface Stored {
  readonly anchor: AnchorKind;
  readonly roots: readonly TrustFile[];
  readonly floors: readonly TrustFile[];
  readonly view?: readonly TrustFile[];
}

export interface SignedTag {
  readonly role: string;
  readonly tag: string;
  readonly digest: Digest;
}

/** The first root. For a root-file pin pass the pinned bytes themselves. @throws trust.* */
export function startChain(ctx: TrustContext, bytes: Uint8Array): Trusted {
  return todo(ctx, bytes);
}

/** Exactly one version on, signed by the old and by the new threshold. @throws trust.* */
export function acceptRoot(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array): Trusted {
  return todo(ctx, trusted, bytes);
}

/**
 * Ends the root chain and begins the update: the newest root and its certificate must be valid at `now`. `forgotten`
 * names the stored floors that went (fast-forward recovery); they must be deleted from the store too.
 * @throws trust.expired and others
 */
export function finishRoots(
  ctx: TrustContext,
  trusted: Trusted,
  now: number,
): { readonly trusted: Trusted; readonly forgotten: readonly string[] } {
  return todo(ctx, trusted, now);
}

export function acceptTimestamp(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array, now: number): Trusted {
  return todo(ctx, trusted, bytes, now);
}

/** The snapshot that the timestamp of this update names. */
export function snapshotWanted(trusted: Trusted): Wanted {
  return todo(trusted);
}

export function acceptSnapshot(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array, now: number): Trusted {
  return todo(ctx, trusted, bytes, now);
}

/**
 * `targets`, then the delegations of what was accepted, in order; call again after each round, empty = all are there.
 * @throws trust.malformed, trust.too-large
 */
export function rolesToLoad(trusted: Trusted): readonly Wanted[] {
  return todo(trusted);
}

/**
 * `targets` or a delegation whose delegator was accepted in this update. An expired delegation or one under its
 * threshold does not throw: it is in the view as unusable, and is no floor.
 * @returns `floor`: the file to store as the role's floor, when it passed all checks; `forgotten` as in `finishRoots`
 */
export function acceptTargets(
  ctx: TrustContext,
  trusted: Trusted,
  role: string,
  bytes: Uint8Array,
  now: number,
): { readonly trusted: Trusted; readonly floor?: TrustFile; readonly forgotten: readonly string[] } {
  return todo(ctx, trusted, role, bytes, now);
}

/** @throws internal when files of this update are missing */
export function completeView(ctx: TrustContext, trusted: Trusted, now: number): View {
  return todo(ctx, trusted, now);
}

/**
 * From the database. Everything is verified again, pins included, expiry excepted. The view is missing when it no
 * longer verifies under the newest root.
 * @throws trust.pin, trust.wrong-name when the configured anchor does not cover what is stored; state.damaged
 */
export function restore(ctx: TrustContext, stored: Stored): { readonly trusted: Trusted; readonly view?: View } {
  return todo(ctx, stored);
}

/** The view as it stands under the newest root of `trusted`; undefined when it no longer verifies there. */
export function viewUnder(ctx: TrustContext, trusted: Trusted, view: View): View | undefined {
  return todo(ctx, trusted, view);
}

/** Which digest the tag stands for. Expiry of all that it rests on is judged at `now`. @throws trust.* */
export function lookup(view: View, tag: string, want: Want, now: number): Found {
  return todo(view, tag, want, now);
}

/** What to store: timestamp, snapshot, and every targets file, unusable ones included. */
export function viewFiles(view: View): readonly TrustFile[] {
  return todo(view);
}

/** What the roles of the view name, within their paths. */
export function viewSignedTags(view: View): Iterable<SignedTag> {
  return todo(view);
}

/** Of root, timestamp, snapshot and these roles with their delegators, in that order. Epoch milliseconds. */
export function expiriesOf(view: View, roles: readonly string[]): ReadonlyMap<string, number> {
  return todo(view, roles);
}

export function versionsOf(view: View, roles: readonly string[]): ReadonlyMap<string, number> {
  return todo(view, roles);
}

/** Root version and the ids of the keys that signed it, as decisions show them. */
export function rootOf(view: View): {
  readonly version: number;
  readonly keys: readonly string[];
  readonly anchor: AnchorKind;
} {
  return todo(view);
}

export type { Authority };

function todo(...args: unknown[]): never {
  throw new TufgateError('internal', `not built yet (${args.length})`);
}
