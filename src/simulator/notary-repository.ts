import { createHash } from 'node:crypto';
import { type Plain, signDocument } from './notary-document.ts';
import { certifiedKey, type NotaryKey, plainKey, rootKey } from './notary-key.ts';
import { issueCertificate, newKeyPair } from './notary-certificate.ts';

/**
 * A simulated publisher with a Notary v1 collection: real keys, real signatures, and every attack, because what is
 * signed can be edited before it is signed (`edit`), its bytes after (`rewrite`), and any role's keys, threshold,
 * version and expiry are open. `publish` makes a new consistent set of files; nothing is seen before it.
 *
 * ```ts
 * const repository = new NotaryRepository('docker.io/library/alpine', now);
 * repository.sign('3.20', digest, 1_024).publish();
 * ```
 */
export interface SimulatedRole {
  keys: NotaryKey[];
  threshold: number;
  version: number;
  /** Epoch milliseconds. */
  expires: number;
  /** Who really signs; `keys` when absent. */
  signers?: NotaryKey[] | undefined;
  /** Delegations only. */
  paths?: string[] | undefined;
}

export interface SimulatedTarget {
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
}

const DAY = 86_400_000;
const BASE_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;

export class NotaryRepository {
  readonly gun: string;
  /** The publisher's clock, epoch milliseconds. */
  now: number;
  readonly roles = new Map<string, SimulatedRole>();
  /** By role, then by target name. */
  readonly targets = new Map<string, Map<string, SimulatedTarget>>();
  /** Applied to what is signed, right before it is signed, at every publish. */
  readonly edits = new Map<string, (signed: Plain) => void>();
  /** Applied to the signed bytes, before the file above hashes them. */
  readonly rewrites = new Map<string, (bytes: Uint8Array) => Uint8Array>();
  /** Roles that the snapshot does not list. */
  readonly unlisted = new Set<string>();
  private readonly current = new Map<string, Uint8Array>();
  private readonly byHash = new Map<string, Uint8Array>();
  private readonly byVersion = new Map<string, Uint8Array>();
  private readonly changed = new Set<string>(['root', 'targets']);

  constructor(gun: string, now: number) {
    this.gun = gun;
    this.now = now;
    this.role('root', [rootKey(gun, now)], 3_650);
    this.role('targets', [plainKey('ecdsa')], 1_095);
    this.role('snapshot', [plainKey('ecdsa')], 1_095);
    this.role('timestamp', [plainKey('ed25519')], 14);
    this.targets.set('targets', new Map());
  }

  /** @throws Error for a role that does not exist: a mistake in the test */
  of(role: string): SimulatedRole {
    const found = this.roles.get(role);
    if (found === undefined) throw new Error(`the simulated collection has no role ${role}`);
    return found;
  }

  /** Names a tag. @param digest `sha256:…` */
  sign(tag: string, digest: string, length: number, role = 'targets'): this {
    const sha256 = Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64');
    return this.put(tag, { length, hashes: { sha256 } }, role);
  }

  put(tag: string, target: SimulatedTarget, role = 'targets'): this {
    this.of(role);
    this.targets.get(role)?.set(tag, target);
    return this.touch(role);
  }

  /** What `docker trust revoke` does. */
  revoke(tag: string, role = 'targets'): this {
    this.targets.get(role)?.delete(tag);
    return this.touch(role);
  }

  /** Keys default to one new key with a certificate, as `docker trust signer add` makes them. */
  delegate(role: string, options: { keys?: NotaryKey[]; threshold?: number; paths?: string[] } = {}): this {
    const keys = options.keys ?? [delegationKey(role, this.now)];
    const made = this.role(role, keys, 1_095);
    made.threshold = options.threshold ?? 1;
    made.paths = options.paths ?? [''];
    if (!this.targets.has(role)) this.targets.set(role, new Map());
    return this.touch(role).touch(parentOf(role));
  }

  undelegate(role: string): this {
    this.roles.delete(role);
    this.current.delete(role);
    return this.touch(parentOf(role));
  }

  /** New keys for a role; a rotated root is signed by the old ones too, as Notary does. */
  rotate(role: string, keys?: NotaryKey[]): this {
    const state = this.of(role);
    const old = state.keys;
    state.keys = keys ?? [role === 'root' ? rootKey(this.gun, this.now) : plainKey('ecdsa')];
    if (role === 'root') state.signers = [...new Set([...old, ...state.keys])];
    this.touch(role);
    return this.touch(isDelegated(role) ? parentOf(role) : 'root');
  }

  /** Marks a role as changed: it is signed anew, with the next version, at the next `publish`. */
  touch(role: string): this {
    this.changed.add(role);
    return this;
  }

  /** Signs what changed, then the snapshot, then the timestamp. Versions go up by one. */
  publish(): this {
    const changed = [...this.changed].filter((role) => this.roles.has(role));
    for (const role of changed.filter((name) => name !== 'snapshot' && name !== 'timestamp')) this.write(role);
    if (changed.includes('root')) this.of('root').signers = undefined;
    this.write('snapshot');
    this.write('timestamp');
    this.changed.clear();
    return this;
  }

  /** Signs one role only, as the server does when a timestamp has expired. */
  resign(role: string): this {
    this.write(role);
    return this;
  }

  /** `root`, `2.root`, `targets/releases.<sha256>`: the name without `.json`. */
  fetch(name: string): Uint8Array | undefined {
    return this.current.get(name) ?? this.byVersion.get(name) ?? this.byHash.get(name);
  }

  /** All that the server has, by name without `.json`. */
  files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.byHash, ...this.byVersion, ...this.current]);
  }

  bytesOf(role: string): Uint8Array {
    const bytes = this.current.get(role);
    if (bytes === undefined) throw new Error(`nothing was published for ${role}`);
    return bytes;
  }

  private role(name: string, keys: NotaryKey[], days: number): SimulatedRole {
    const role = { keys, threshold: 1, version: 0, expires: this.now + days * DAY };
    this.roles.set(name, role);
    return role;
  }

  private write(role: string): void {
    const state = this.of(role);
    state.version += 1;
    const signed: Plain = {
      _type: typeOf(role),
      expires: new Date(state.expires).toISOString(),
      version: state.version,
      ...this.content(role),
    };
    this.edits.get(role)?.(signed);
    const bytes = signDocument(signed, state.signers ?? state.keys);
    this.keep(role, state.version, this.rewrites.get(role)?.(bytes) ?? bytes);
  }

  private keep(role: string, version: number, bytes: Uint8Array): void {
    this.current.set(role, bytes);
    this.byVersion.set(`${version}.${role}`, bytes);
    this.byHash.set(`${role}.${hash('sha256', bytes, 'hex')}`, bytes);
  }

  private content(role: string): Plain {
    switch (role) {
      case 'root':
        return this.rootContent();
      case 'snapshot':
        return { meta: Object.fromEntries([...this.listed()].map((name) => [name, this.metaOf(name)])) };
      case 'timestamp':
        return { meta: { snapshot: this.metaOf('snapshot') } };
      default:
        return { targets: Object.fromEntries(this.targets.get(role) ?? []), delegations: this.delegationsOf(role) };
    }
  }

  private rootContent(): Plain {
    const keys = BASE_ROLES.flatMap((name) => this.of(name).keys);
    return {
      consistent_snapshot: false,
      keys: entriesOf(keys),
      roles: Object.fromEntries(BASE_ROLES.map((name) => [name, authorityOf(this.of(name))])),
    };
  }

  private delegationsOf(role: string): Plain {
    const below = [...this.roles].filter(([name]) => isDelegated(name) && parentOf(name) === role);
    return {
      keys: entriesOf(below.flatMap(([, { keys }]) => keys)),
      roles: below.map(([name, state]) => ({ name, paths: state.paths ?? [], ...authorityOf(state) })),
    };
  }

  private *listed(): Iterable<string> {
    for (const role of this.roles.keys())
      if (role !== 'snapshot' && role !== 'timestamp' && !this.unlisted.has(role) && this.current.has(role)) yield role;
  }

  private metaOf(role: string): Plain {
    const bytes = this.bytesOf(role);
    return {
      hashes: { sha256: hash('sha256', bytes, 'base64'), sha512: hash('sha512', bytes, 'base64') },
      length: bytes.length,
    };
  }
}

/** A key with a certificate of its own, made out to the role: what signers have. */
export function delegationKey(role: string, now: number): NotaryKey {
  const pair = newKeyPair();
  const { pem } = issueCertificate({ commonNames: [role], notBefore: now, notAfter: now + 365 * DAY, keys: pair });
  return certifiedKey(pem, pair);
}

function typeOf(role: string): string {
  if (isDelegated(role)) return 'Targets';
  return role.charAt(0).toUpperCase() + role.slice(1);
}

function isDelegated(role: string): boolean {
  return role.includes('/');
}

function parentOf(role: string): string {
  return role.slice(0, role.lastIndexOf('/'));
}

function authorityOf({ keys, threshold }: SimulatedRole): Plain {
  return { keyids: keys.map(({ keyId }) => keyId), threshold };
}

function entriesOf(keys: readonly NotaryKey[]): Plain {
  return Object.fromEntries(keys.map(({ keyId, entry }) => [keyId, entry]));
}

function hash(algorithm: 'sha256' | 'sha512', bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}
