import { type Code, TufgateError } from '../../errors.ts';
import type { Crypto } from './crypto-port.ts';
import { sha256Hex } from './hex.ts';
import type { Model, Root, Snapshot, Targets, Timestamp } from './model.ts';

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
  readonly progress?: Progress | undefined;
}

/** A file to fetch next: Notary names it `<role>.<sha256>.json`. */
export interface Wanted {
  readonly role: string;
  readonly sha256: string;
  /** Bytes; read no more than this. */
  readonly length: number;
}

export function newestRoot(trusted: Trusted): Accepted<Root> {
  const newest = trusted.roots.at(-1);
  if (newest === undefined) throw new TufgateError('internal', 'a collection without a root');
  return newest;
}

export function trustFile(role: string, version: number, bytes: Uint8Array): TrustFile {
  return { role, version, sha256: sha256Hex(bytes), bytes };
}
