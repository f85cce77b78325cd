/**
 * The common model of signed metadata: what Notary v1 and TUF 1.0 have in common, after a front end in `format/` has
 * parsed the bytes. The checks know this model and nothing of any wire format. Names from outside are keys of Maps.
 */
import type { Certificate, SignatureMethod } from './crypto-port.ts';
import type { Revoked } from './revoked.ts';

export type Model = Root | Timestamp | Snapshot | Targets;

interface Common {
  readonly version: number;
  /** Epoch milliseconds; the file is expired from this instant on. */
  readonly expires: number;
}

export interface Root extends Common {
  readonly type: 'root';
  readonly root: Authority;
  readonly timestamp: Authority;
  readonly snapshot: Authority;
  readonly targets: Authority;
  /** TUF 1.0: snapshot and targets files are named by their version. False in Notary, which names them by hash. */
  readonly consistentSnapshot: boolean;
}

export interface Timestamp extends Common {
  readonly type: 'timestamp';
  readonly snapshot: MetaEntry;
}

export interface Snapshot extends Common {
  readonly type: 'snapshot';
  /** By role name, without `.json`; `targets` is always there, in Notary `root` too, in TUF 1.0 never. */
  readonly meta: ReadonlyMap<string, MetaEntry>;
}

/** `targets` and every delegated role. */
export interface Targets extends Common {
  readonly type: 'targets';
  /** By target name: in Notary the tag, in TUF 1.0 the whole image name. */
  readonly targets: ReadonlyMap<string, TargetEntry>;
  /** In the order of the file, names unique; empty when there are bins. */
  readonly delegations: readonly Delegation[];
  /** TUF 1.0's succinct roles (TAP 15). */
  readonly bins?: Bins;
}

/** Who may sign a role: at least `threshold` distinct public keys of these. */
export interface Authority {
  readonly keys: readonly Key[];
  readonly threshold: number;
}

export interface Delegation extends Authority {
  readonly role: string;
  readonly paths: Paths;
  /** TUF 1.0: what this role does not name, nobody after it may. */
  readonly terminating: boolean;
}

/** Which target names a delegated role may speak for. */
export type Paths =
  /** Notary: plain prefixes; `''` permits every name, an empty list none. */
  | { readonly kind: 'prefixes'; readonly of: readonly string[] }
  /** TUF 1.0 `paths`: `*`, `?` and classes, none of which crosses a `/`; checked when the file was parsed. */
  | { readonly kind: 'patterns'; readonly of: readonly string[] }
  /** TUF 1.0 `path_hash_prefixes`: lower-case hex beginnings of the sha256 of the target name. */
  | { readonly kind: 'hash-prefixes'; readonly of: readonly string[] };

/** 2^bits roles with one authority, named `PREFIX-HEX`; a target belongs to the bin that the top bits of its hash name. */
export interface Bins extends Authority {
  readonly prefix: string;
  /** 1-32. */
  readonly bits: number;
}

export interface Key {
  /** The TUF key id under which it is listed. */
  readonly keyId: string;
  /** Undefined when it is unsupported, malformed, too weak or listed under an id that is not its own: never counts. */
  readonly material?: KeyMaterial;
}

export interface KeyMaterial {
  readonly algorithm: 'ecdsa' | 'rsa' | 'ed25519';
  /** TUF 1.0: the only method its signatures may have. In Notary the signature says, within what the algorithm allows. */
  readonly scheme?: SignatureMethod;
  /** DER SubjectPublicKeyInfo; for ed25519 the raw 32 bytes. */
  readonly bytes: Uint8Array;
  /** The public key itself, whatever wraps it: what thresholds count. */
  readonly identity: string;
  /** Leaf first, then its intermediates: for keys that came as certificates. */
  readonly certificates?: readonly Certificate[];
}

/** What one file says of another. */
export interface MetaEntry {
  /** Bytes; the file may be no longer. */
  readonly length?: number;
  /** TUF 1.0 only. */
  readonly version?: number;
  readonly hashes: Hashes;
}

/** Lower-case hex. What is listed must match; in Notary sha256 is always there in meta entries, in TUF 1.0 none need be. */
export interface Hashes {
  readonly sha256?: string;
  readonly sha512?: string;
}

/** A target as it is signed; whether it can be used is judged when it is looked up. */
export interface TargetEntry {
  /** Bytes of the manifest; undefined when what is signed is not an acceptable length. */
  readonly length?: number;
  /** Undefined when there is none, or in Notary when it is not 32 bytes of strict base64. */
  readonly sha256?: string;
  /** TUF 1.0 only. */
  readonly sha512?: string;
  /** Of an approval that ends: from this instant on it counts no more, epoch milliseconds. */
  readonly until?: number;
  /** It was withdrawn. There are no hashes then, so that nothing takes what is left for an approval. */
  readonly revoked?: Revoked;
  /** What is signed of its end, or of its withdrawal, cannot be read. There are no hashes then either. */
  readonly unreadable?: 'approval' | 'withdrawal';
}

export interface Signature {
  readonly keyId: string;
  /** As the file says, in lower case; empty in TUF 1.0, where the key says it. */
  readonly method: string;
  readonly bytes: Uint8Array;
}

/** A parsed file: the model, and what its signatures were made over. */
export interface Signed<T extends Model> {
  readonly model: T;
  readonly signatures: readonly Signature[];
  /** The canonical bytes of the `signed` member as received. */
  readonly message: Uint8Array;
}
