/**
 * The configuration after it was checked: defaults filled in, paths absolute, sizes in bytes, durations in
 * milliseconds, names of upstreams and sources in Maps (they come from a file, but are still names from outside).
 */
export interface Config {
  /** The file it came from, absolute; names it in messages. */
  readonly file: string;
  readonly data: string;
  readonly listen: readonly ListenConfig[];
  readonly admin: Address;
  /** By canonical name. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly defaultUpstream?: string;
  readonly trust: ReadonlyMap<string, TrustSourceConfig>;
  readonly policy: readonly RuleConfig[];
  readonly freshness: { readonly checkEveryMs: number; readonly staleIfUnreachableMs: number | 'until_expiry' };
  readonly cache: CacheConfig;
  readonly limits: {
    readonly manifestBytes: number;
    readonly metadataBytes: number;
    readonly blobBytes: number;
    readonly upstreamConnections: number;
  };
  readonly decisions: { readonly keepMs: number; readonly maxBytes: number; readonly onFailure: 'serve' | 'refuse' };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'pretty' };
}

export interface CacheConfig {
  readonly maxBytes: number;
  /** Eviction goes on until this much is left. */
  readonly lowWaterBytes: number;
  /** Which cached blobs are hashed again when read: all; those whose file is not the one that was verified; none. */
  readonly verifyReads: 'always' | 'changed' | 'never';
  /** How fast the cache is hashed again in the background; 0: not at all. */
  readonly scrubBytesPerSecond: number;
  /** What eviction spares as long as anything else is left: what current targets need, or nothing. */
  readonly pin: 'current' | 'none';
  /** Once more than this share of a blob was fetched, the rest is fetched too, although nobody waits. */
  readonly finishDownloads: number;
}

export interface Address {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export interface ListenConfig extends Address {
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  readonly insecure: boolean;
  /** A web server asks here for its clients, and sends cached blobs itself: the prefix of its internal location, with both slashes. */
  readonly handOff?: string;
}

/** How to reach a peer: the same for registries and trust servers. Paths are absolute. */
export interface PeerConfig {
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** Egress HTTP proxy. */
  readonly proxy?: string;
  readonly credentials?: CredentialsConfig;
}

export type CredentialsConfig =
  | { readonly kind: 'docker-config'; readonly file: string }
  | { readonly kind: 'password-file'; readonly username: string; readonly file: string }
  | { readonly kind: 'password-env'; readonly username: string; readonly variable: string }
  | { readonly kind: 'helper'; readonly helper: string };

export interface UpstreamConfig extends PeerConfig {
  readonly name: string;
  readonly url: URL;
  readonly aliases: readonly string[];
}

export type TrustSourceConfig = NotaryConfig | TufConfig;

export interface NotaryConfig extends PeerConfig {
  readonly kind: 'notary';
  readonly name: string;
  readonly urls: readonly URL[];
  /** Template over `{registry}` and `{repository}`. */
  readonly gun: string;
  readonly pins: readonly Pin[];
  readonly releases: 'strict' | 'docker';
  readonly firstUse: 'refuse' | 'remember';
}

/** A TUF 1.0 repository: one for all images. */
export interface TufConfig extends PeerConfig {
  readonly kind: 'tuf';
  readonly name: string;
  /** Folders are absolute. */
  readonly location:
    { readonly kind: 'http'; readonly urls: readonly URL[] } | { readonly kind: 'folder'; readonly path: string };
  /** The pinned root: where the chain begins. */
  readonly root: Extract<PinAnchor, { readonly kind: 'root-file' }>;
  /** What the target of a tag is called: a template over `{registry}` and `{repository}`, with `:{tag}` at its end. */
  readonly target: string;
  /** The same for a digest, with `@{digest}` at its end. */
  readonly targetDigest: string;
  /** This gate keeps the repository itself; its root file may be missing then, until it is made: `root.bytes` is empty. */
  readonly publish?: PublishConfig;
}

/** A repository of approvals: made at the first start, kept fresh, and served under `/tuf/<name>/`. */
export interface PublishConfig {
  /** The published folder, absolute. */
  readonly folder: string;
  /** Folder of keys, absolute: the one that signs timestamp and snapshot, and of a small site the encrypted ones of its signer. */
  readonly keys: string;
  /** Key reference of the one that signs timestamp and snapshot; `online.pem` among the keys when absent. */
  readonly online?: string;
  /** How long what is signed from now on counts. */
  readonly lifetimes: Lifetimes;
}

/** Milliseconds. */
export interface Lifetimes {
  readonly root: number;
  /** `targets` and every role below: what people sign. */
  readonly approvals: number;
  readonly snapshot: number;
  readonly timestamp: number;
}

/** What anchors a GUN, or with `prefix` every GUN below `gun`. The longest match on whole segments holds. */
export interface Pin {
  /** Without a trailing slash. */
  readonly gun: string;
  readonly prefix: boolean;
  readonly anchor: PinAnchor;
}

export type PinAnchor =
  /** PEM or JSON files are read when the configuration is loaded, so that a bad path is a configuration error. */
  | { readonly kind: 'root-file'; readonly file: string; readonly bytes: Uint8Array }
  /** TUF key ids (64 hex), not Notary's canonical ids. */
  | { readonly kind: 'keys'; readonly keyIds: readonly string[] }
  | { readonly kind: 'ca'; readonly file: string; readonly pem: string };

export interface RuleConfig {
  /** 1-based position and line in the file: both are shown to people. */
  readonly position: number;
  readonly line: number;
  readonly match: string;
  readonly action: ActionConfig;
  readonly digests: DigestsConfig;
  readonly mode: 'enforce' | 'observe';
}

export type DigestsConfig =
  { readonly kind: 'current' } | { readonly kind: 'superseded'; readonly forMs: number } | { readonly kind: 'any' };

export type ActionConfig =
  | { readonly kind: 'require'; readonly requirement: Requirement }
  | { readonly kind: 'allow'; readonly reason: string; readonly owner?: string; readonly untilMs: number }
  | { readonly kind: 'deny'; readonly message: string };

/** What must be true of a tag. All sources that are asked and answer must name the same digest. */
export type Requirement =
  | { readonly kind: 'all'; readonly of: readonly Requirement[] }
  | { readonly kind: 'any'; readonly of: readonly Requirement[] }
  | SourceRequirement;

export interface SourceRequirement {
  readonly kind: 'source';
  readonly source: string;
  readonly signers?: Signers;
}

/** At least this many of these roles, each by a key of its own, must have signed this tag with this digest. */
export interface Signers {
  readonly atLeast: number;
  readonly of: readonly string[];
}
