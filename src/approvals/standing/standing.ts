import { TufgateError } from '../../errors.ts';
import { nodeCrypto } from '../../trust/crypto.ts';
import { checkSnapshot, checkTargets, checkTimestamp } from '../../trust/tuf/check.ts';
import { acceptRoot, newestRoot, startChain, type Trusted, type TrustContext } from '../../trust/tuf/collection.ts';
import { tufFormat } from '../../trust/tuf/format/tuf.ts';
import { isBinOf } from '../../trust/tuf/bins.ts';
import type { Authority, Targets } from '../../trust/tuf/model.ts';
import type { Accepted } from '../../trust/tuf/trusted.ts';
import type { RootDocument, SnapshotDocument, TargetsDocument, TimestampDocument } from '../document/documents.ts';
import { readRoot, readSnapshot, readTargets, readTimestamp } from '../document/read-document.ts';
import { fileName } from './file-name.ts';

/** The bytes of a file of the repository by its name; undefined when it is not there. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/** A role's file as it stands, and the ids of the keys whose signatures on it verified. */
export interface StandingRole {
  readonly document: TargetsDocument;
  readonly bytes: Uint8Array;
  readonly signers: readonly string[];
}

/**
 * What a repository of approvals says now, verified from the pinned root down: whoever signs the next version of a file vouches
 * for all that it takes over from the one before.
 *
 * The attack: who holds the server writes an entry of his own into a file, unsigned, and waits for the next approval to sign it.
 * Expiry is not judged: a repository that has ended must be renewed, and only people can do that. Nor can old files be told from
 * the newest here (`SignedBefore` keeps what this signer has seen).
 */
export class Standing {
  readonly name: string;
  /** From the pinned one to the newest. */
  readonly roots: readonly RootDocument[];
  readonly root: RootDocument;
  readonly timestamp: TimestampDocument;
  readonly snapshot: SnapshotDocument;
  private readonly ctx: TrustContext;
  private readonly trusted: Trusted;
  private readonly read: ReadFile;
  private readonly accepted = new Map<string, Promise<Accepted<Targets>>>();
  private readonly roles = new Map<string, Promise<StandingRole | undefined>>();

  private constructor(
    ctx: TrustContext,
    trusted: Trusted,
    read: ReadFile,
    timestamp: TimestampDocument,
    snapshot: SnapshotDocument,
  ) {
    this.name = ctx.gun;
    this.ctx = ctx;
    this.trusted = trusted;
    this.read = read;
    const rootOf = ({ file }: Trusted['roots'][number]): RootDocument =>
      readRoot(`root ${file.version} of ${ctx.gun}`, file.bytes);
    this.roots = trusted.roots.map(rootOf);
    this.root = rootOf(newestRoot(trusted));
    this.timestamp = timestamp;
    this.snapshot = snapshot;
  }

  /**
   * @param pinned the root file that trust begins with
   * @throws trust.*: what stands there was not signed by those who may, or is not whole
   */
  static async open(name: string, pinned: Uint8Array, read: ReadFile): Promise<Standing> {
    const ctx: TrustContext = {
      format: tufFormat,
      gun: name,
      anchor: { kind: 'root-file', bytes: pinned },
      crypto: nodeCrypto,
    };
    const trusted = await chain(ctx, pinned, read);
    const root = newestRoot(trusted).model;
    const timestamp = checkTimestamp(ctx, root, await needed(ctx, read, 'timestamp.json'));
    const { version } = timestamp.model.snapshot;
    const bytes = await needed(ctx, read, fileName('snapshot', version ?? 1));
    checkSnapshot(ctx, root, timestamp.model, bytes);
    return new Standing(
      ctx,
      trusted,
      read,
      readTimestamp(`the timestamp of ${name}`, timestamp.file.bytes),
      readSnapshot(`the snapshot of ${name}`, bytes),
    );
  }

  /** The ids of the keys that signed the newest root. */
  get rootSigners(): readonly string[] {
    return newestRoot(this.trusted).signers;
  }

  /** Undefined for a role that nobody delegates to. @throws trust.*: its file is not there, or not signed by those who may */
  async role(role: string): Promise<StandingRole | undefined> {
    const known = this.roles.get(role) ?? this.load(role);
    this.roles.set(role, known);
    return await known;
  }

  private async load(role: string): Promise<StandingRole | undefined> {
    const authority = await this.authorityOf(role);
    if (authority === undefined) return undefined;
    const { file, signers } = await this.verified(role, authority);
    return { document: readTargets(`${role} of ${this.name}`, file.bytes), bytes: file.bytes, signers };
  }

  private async verified(role: string, authority: Authority): Promise<Accepted<Targets>> {
    const known = this.accepted.get(role) ?? this.verify(role, authority);
    this.accepted.set(role, known);
    return await known;
  }

  private async verify(role: string, authority: Authority): Promise<Accepted<Targets>> {
    const version = this.snapshot.meta.get(role);
    if (version === undefined)
      throw new TufgateError('trust.signer-missing', `the snapshot of ${this.name} does not list ${role}`);
    const bytes = await needed(this.ctx, this.read, fileName(role, version));
    const checked = checkTargets(this.ctx, authority, { version, hashes: {} }, role, bytes);
    if ('code' in checked) throw new TufgateError(checked.code, checked.message, { detail: { role } });
    return checked;
  }

  /** `targets` is the root's to say, a role that of `targets`, a bin that of the role that holds the bins. */
  private async authorityOf(role: string): Promise<Authority | undefined> {
    const { targets } = newestRoot(this.trusted).model;
    if (role === 'targets') return targets;
    const { delegations } = (await this.verified('targets', targets)).model;
    const named = delegations.find((delegation) => delegation.role === role);
    if (named !== undefined) return named;
    for (const holder of delegations) {
      if (!role.startsWith(`${holder.role}-`)) continue;
      const { bins } = (await this.verified(holder.role, holder)).model;
      if (bins !== undefined && isBinOf(bins, role)) return bins;
    }
    return undefined;
  }
}

/** @throws trust.too-large and others: where a chain is too long is the trust core's to say */
async function chain(ctx: TrustContext, pinned: Uint8Array, read: ReadFile): Promise<Trusted> {
  let trusted = startChain(ctx, pinned);
  for (;;) {
    const bytes = await read(fileName('root', newestRoot(trusted).file.version + 1));
    if (bytes === undefined) return trusted;
    trusted = acceptRoot(ctx, trusted, bytes);
  }
}

async function needed(ctx: TrustContext, read: ReadFile, name: string): Promise<Uint8Array> {
  const bytes = await read(name);
  if (bytes !== undefined) return bytes;
  throw new TufgateError('trust.malformed', `${ctx.gun} is not whole: there is no ${name}; restore it from a backup`);
}
