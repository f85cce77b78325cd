/**
 * The common model of signed metadata: what Notary v1 and TUF 1.0 have in common, after a front end in `format/` has
 * parsed the bytes. The checks know this model and nothing of any wire format. Names from outside are keys of Maps.
 */
import type { Certificate } from './crypto-port.ts';

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
}

export interface Timestamp extends Common {
  readonly type: 'timestamp';
  readonly snapshot: MetaEntry;
}

export interface Snapshot extends Common {
  readonly type: 'snapshot';
  /** By role name, without `.json`; `root` and `targets` are always there in Notary. */
  readonly meta: ReadonlyMap<string, MetaEntry>;
}

/** `targets` and every delegated role. */
export interface Targets extends Common {
  readonly type: 'targets';
  /** By target name: in Notary the tag. */
  readonly targets: ReadonlyMap<string, TargetEntry>;
  /** In the order of the file, names unique. */
  readonly delegations: readonly Delegation[];
}

/** Who may sign a role: at least `threshold` distinct public keys of these. */
export interface Authority {
  readonly keys: readonly Key[];
  readonly threshold: number;
}

export interface Delegation extends Authority {
  readonly role: string;
  /** Plain prefixes of target names; `''` permits every name, an empty list none. */
  readonly paths: readonly string[];
}

export interface Key {
  /** The TUF key id under which it is listed. */
  readonly keyId: string;
  /** Undefined when it is unsupported, malformed, too weak or listed under an id that is not its own: never counts. */
  readonly material?: KeyMaterial;
}

export interface KeyMaterial {
  readonly algorithm: 'ecdsa' | 'rsa' | 'ed25519';
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

/** Lower-case hex; in Notary sha256 is always there in meta entries. */
export interface Hashes {
  readonly sha256?: string;
  readonly sha512?: string;
}

/** A target as it is signed; whether it can be used is judged when it is looked up. */
export interface TargetEntry {
  /** Bytes of the manifest; undefined when what is signed is not an acceptable length. */
  readonly length?: number;
  /** Undefined when there is none, or it is not 32 bytes of strict base64. */
  readonly sha256?: string;
}

export interface Signature {
  readonly keyId: string;
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
