import { metaOf, rootContent, targetsContent } from './tuf-content.ts';
import { type Plain, signDocument } from './tuf-document.ts';
import { fileName, TufFiles } from './tuf-files.ts';
import { type TufKey, tufKey, type TufSigner } from './tuf-key.ts';
import { type TufAuthority, binsOf, type TufRole, type TufTarget } from './tuf-role.ts';
import { eachOnce, isListed, isTop, TOP_ROLES, TufRoles } from './tuf-roles.ts';

/**
 * A simulated publisher with a TUF 1.0 repository: real keys, real signatures, and every attack, because what is
 * signed can be edited before it is signed (`edits`, `forge`), its bytes after (`rewrites`, `files`), and any role's
 * keys, signers, threshold, version and expiry are open. `publish` makes a new consistent set of files; nothing is
 * seen before it, and what was published stays (`files`, `at`).
 *
 * ```ts
 * const repository = new TufRepository(now).put('docker.io/library/nginx:1.27', { digest, length: 1_024 }).publish();
 * repository.files.get('1.targets.json');
 * ```
 */
export interface TufRepositoryOptions {
  /** Two of one name have the same keys; each its own when absent. */
  readonly name?: string;
  /** `consistent_snapshot`; undefined leaves the member out. True unless told. */
  readonly consistent?: boolean | undefined;
  /** Snapshot and timestamp carry length and hash beside the version. */
  readonly hashed?: boolean;
}

export interface DelegateOptions extends Partial<TufAuthority> {
  /** Who delegates; `targets` when absent. */
  readonly by?: string;
  readonly terminating?: boolean;
  /** `<name>:*`, all tags of the repository of that name, when neither these nor `prefixes` are given. */
  readonly paths?: readonly string[];
  readonly prefixes?: readonly string[];
}

export interface BinsOptions extends Partial<TufAuthority> {
  readonly by?: string;
  readonly bits: number;
}

export interface SignOptions {
  /** After those of `edits`. */
  readonly edit?: Edit;
  /** The role's own when absent. */
  readonly signers?: readonly TufSigner[];
  /** As published last when absent. */
  readonly version?: number;
}

type Edit = (signed: Plain) => void;

const DAY = 86_400_000;
const DAYS = { root: 365, timestamp: 1, snapshot: 7, targets: 365 } as const;
let made = 0;

export class TufRepository {
  readonly files = new TufFiles();
  /** Applied to what is signed, right before it is signed, at every publish. */
  readonly edits = new Map<string, Edit>();
  /** Applied to the signed bytes, before the file above hashes them. */
  readonly rewrites = new Map<string, (bytes: Uint8Array) => Uint8Array>();
  /** Roles that the snapshot does not list. */
  readonly unlisted = new Set<string>();
  /** The publisher's clock, epoch milliseconds. */
  readonly now: number;
  hashed: boolean;
  specVersion = '1.0.31';
  private readonly name: string;
  private readonly tree = new TufRoles();
  /** By role, then by version. */
  private readonly published = new Map<string, Map<number, Uint8Array>>();
  private readonly changed = new Set<string>();
  private consistent: boolean | undefined;
  private keysMade = 0;

  constructor(now: number, options: TufRepositoryOptions = {}) {
    this.now = now;
    this.name = options.name ?? `repository ${++made}`;
    this.consistent = 'consistent' in options ? options.consistent : true;
    this.hashed = options.hashed ?? false;
    for (const role of TOP_ROLES) this.add(role, DAYS[role]);
    const top = TOP_ROLES.map((name) => ({ name, keys: [this.newKey()], threshold: 1, terminating: false }));
    this.of('root').delegations = top;
  }

  /** A new ed25519 key; the same, for the same history of a repository of the same name. */
  newKey(): TufKey {
    return tufKey('ed25519', `${this.name}, key ${++this.keysMade}`);
  }

  /** The top-level ones first, then in the order in which they came. */
  roles(): readonly string[] {
    return this.tree.names();
  }

  /** @throws Error for a role that does not exist: a mistake in the test */
  of(role: string): TufRole {
    return this.tree.of(role);
  }

  /** Keys and threshold of a role as one delegator says them, by default the first; `authorize` changes them. */
  authority(role: string, by?: string): TufAuthority {
    return this.tree.delegation(role, by)[1];
  }

  put(target: string, entry: TufTarget, role = 'targets'): this {
    const holder = this.tree.holderOf(target, role);
    this.of(holder).targets.set(target, entry);
    return this.touch(holder);
  }

  remove(target: string, role = 'targets'): this {
    const holder = this.tree.holderOf(target, role);
    this.of(holder).targets.delete(target);
    return this.touch(holder);
  }

  /** Behind the delegations that are there. A role that is there already is signed with these keys too. */
  delegate(name: string, options: DelegateOptions = {}): this {
    const { by = 'targets', threshold = 1, terminating = false, prefixes } = options;
    const keys = options.keys ?? [this.newKey()];
    const paths = options.paths ?? (prefixes === undefined ? [`${name}:*`] : undefined);
    this.of(by).delegations.push({ name, keys, threshold, terminating, paths, prefixes });
    if (!this.tree.has(name)) this.add(name, 365);
    return this.touch(name).touch(by);
  }

  /** The snapshot goes on listing the role, as it must. */
  undelegate(name: string, by = 'targets'): this {
    const delegator = this.of(by);
    delegator.delegations = delegator.delegations.filter((delegation) => delegation.name !== name);
    return this.touch(by);
  }

  /** Hash bins under a name prefix (TAP 15), all of them; `put(…, prefix)` finds the right one. */
  bins(prefix: string, { by = 'targets', bits, keys = [this.newKey()], threshold = 1 }: BinsOptions): this {
    const bins = { prefix, bits, keys, threshold };
    this.of(by).bins = bins;
    for (const name of binsOf(bins)) this.add(name, 365);
    return this.touch(by);
  }

  /** New keys for a role, as `authorize` does. */
  rotate(role: string, keys: TufKey[] = [this.newKey()], by?: string): this {
    return this.authorize(role, { keys }, by);
  }

  /** Other keys, another threshold, by one delegator, or for all bins. The next root is signed by the old keys too. */
  authorize(role: string, change: Partial<TufAuthority>, by?: string): this {
    const [delegator, authority] = this.tree.delegation(role, by);
    const state = this.of(role);
    const { keys = authority.keys } = change;
    if (role === 'root' && state.version > 0) state.signers = eachOnce([...(state.signers ?? authority.keys), ...keys]);
    Object.assign(authority, change);
    const { bins } = this.of(delegator);
    for (const bin of bins === authority ? binsOf(bins) : []) this.touch(bin);
    return this.touch(role).touch(delegator);
  }

  /** Marks a role as changed: it is signed anew, with the next version, at the next `publish`. */
  touch(role: string): this {
    this.of(role);
    this.changed.add(role);
    return this;
  }

  /** Later roots say so; all current files are there at once under the names that follow from it. */
  useConsistentSnapshots(consistent: boolean | undefined): this {
    this.consistent = consistent;
    for (const role of this.roles()) if (this.of(role).version > 0) this.keep(role, this.at(role));
    return this.touch('root');
  }

  /**
   * Signs what changed, then the snapshot if anything that it lists did, then the timestamp. Versions go up by one,
   * unless `versions` says another; a role named there counts as changed.
   */
  publish(versions: Readonly<Record<string, number>> = {}): this {
    // A role may be called `constructor`.
    const told = new Map(Object.entries(versions));
    for (const role of told.keys()) this.touch(role);
    const listed = this.roles().filter((role) => isListed(role) && this.changed.has(role));
    if (listed.length > 0) this.touch('snapshot');
    const due = ['root', ...listed, 'snapshot'].filter((role) => this.changed.has(role));
    for (const role of [...due, 'timestamp']) this.resign(role, told.get(role));
    this.changed.clear();
    return this;
  }

  /** Signs and publishes one role only, as a server does when a timestamp is about to end. */
  resign(role: string, version = this.of(role).version + 1): this {
    const state = this.of(role);
    state.version = version;
    const signed = this.sign(role);
    if (role === 'root') state.signers = undefined;
    return this.keep(role, this.rewrites.get(role)?.(signed) ?? signed);
  }

  /** In the place of the published file: nothing above it is signed anew, and the publisher knows nothing of it. */
  forge(role: string, options: SignOptions): this {
    this.files.replace(this.fileOf(role), this.sign(role, options));
    return this;
  }

  /** The role's document as things stand, signed; nothing is published. */
  sign(role: string, { edit, signers, version }: SignOptions = {}): Uint8Array {
    const state = this.of(role);
    const signed: Plain = structuredClone({
      _type: isTop(role) ? role : 'targets',
      spec_version: this.specVersion,
      version: version ?? state.version,
      expires: instant(state.expires),
      ...this.content(role),
    });
    this.edits.get(role)?.(signed);
    edit?.(signed);
    return signDocument(signed, signers ?? state.signers ?? this.tree.keysOf(role));
  }

  /** What was published as that version, whatever the files are now. */
  at(role: string, version = this.of(role).version): Uint8Array {
    const bytes = this.published.get(role)?.get(version);
    if (bytes === undefined) throw new Error(`${role} was never published as version ${version}`);
    return bytes;
  }

  /** All versions that were published, in the order in which they were. */
  versions(role: string): readonly number[] {
    return [...(this.published.get(role)?.keys() ?? [])];
  }

  /** The name of a role's file, not encoded. */
  fileOf(role: string, version = this.of(role).version): string {
    return fileName(role, version, this.consistent === true);
  }

  private add(role: string, days: number): void {
    this.tree.add(role, this.now + days * DAY);
    this.changed.add(role);
  }

  private keep(role: string, bytes: Uint8Array): this {
    const versions = this.published.get(role) ?? new Map<number, Uint8Array>();
    this.published.set(role, versions.set(this.of(role).version, bytes));
    this.files.replace(this.fileOf(role), bytes);
    return this;
  }

  private content(role: string): Plain {
    switch (role) {
      case 'root':
        return rootContent(this.of('root'), this.consistent);
      case 'snapshot':
        return { meta: Object.fromEntries(this.listed().map((name) => [`${name}.json`, this.metaOf(name)])) };
      case 'timestamp':
        return { meta: { 'snapshot.json': this.metaOf('snapshot') } };
      default:
        return targetsContent(this.of(role));
    }
  }

  private listed(): readonly string[] {
    const published = (role: string): boolean => this.of(role).version > 0;
    return this.roles().filter((role) => isListed(role) && published(role) && !this.unlisted.has(role));
  }

  private metaOf(role: string): Plain {
    return metaOf(this.of(role).version, this.at(role), this.hashed);
  }
}

/** `YYYY-MM-DDTHH:MM:SSZ` */
function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
