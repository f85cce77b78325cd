import { type Code, TufgateError } from '../../errors.ts';
import type { Crypto } from './crypto-port.ts';
import type { Format } from './format/format.ts';
import { sha256Hex, sha512Hex } from './hex.ts';
import type { MetaEntry, Model, Root, Snapshot, Targets, Timestamp } from './model.ts';

/** Where the trust in a collection begins; `PinAnchor` of the configuration is assignable. */
export type Anchor =
  | { readonly kind: 'root-file'; readonly bytes: Uint8Array }
  | { readonly kind: 'keys'; readonly keyIds: readonly string[] }
  | { readonly kind: 'ca'; readonly pem: string }
  | { readonly kind: 'first-use' };
export type AnchorKind = Anchor['kind'];

export interface TrustContext {
  readonly format: Format;
  /** What messages call the collection. In Notary its GUN, which the certificates of its root keys must name. */
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
  /** By role name; in TUF 1.0 only `targets` itself. */
  readonly targets: ReadonlyMap<string, Accepted<Targets>>;
  /** TUF 1.0: delegated files as last accepted, by role name. They are verified each time they are put to use. */
  readonly shelf: ReadonlyMap<string, TrustFile>;
  readonly progress?: Progress | undefined;
}

/** A file to fetch next, as the verified file that names it describes it. */
export interface Wanted {
  readonly role: string;
  /** Notary lists a sha256 and a length, TUF 1.0 a version. */
  readonly entry: MetaEntry;
  /** TUF 1.0 with consistent snapshots: the version is part of the file's name. */
  readonly versioned: boolean;
}

/** Is this stored file the one that is wanted? Then it need not travel again; it is verified again all the same. */
export function isWanted({ entry }: Wanted, file: TrustFile): boolean {
  if (entry.version !== undefined && entry.version !== file.version) return false;
  if (entry.hashes.sha256 !== undefined) return entry.hashes.sha256 === file.sha256;
  return (
    entry.version !== undefined && (entry.hashes.sha512 === undefined || entry.hashes.sha512 === sha512Hex(file.bytes))
  );
}

export function newestRoot(trusted: Pick<Trusted, 'roots'>): Accepted<Root> {
  const newest = trusted.roots.at(-1);
  if (newest === undefined) throw new TufgateError('internal', 'a collection without a root');
  return newest;
}

export function trustFile(role: string, version: number, bytes: Uint8Array): TrustFile {
  return { role, version, sha256: sha256Hex(bytes), bytes };
}
