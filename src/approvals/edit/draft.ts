import type { Lifetimes } from '../../config/config.ts';
import { TufgateError } from '../../errors.ts';
import type { Delegations, Entry, RootDocument, TargetsDocument } from '../document/documents.ts';
import type { Standing } from '../standing/standing.ts';
import { attributed } from './attribution.ts';
import { BULK } from './bins.ts';
import { holderOf } from './placement.ts';

/** A role while its next version is made. */
export interface DraftedRole {
  readonly version: number;
  readonly expires: number;
  readonly targets: Map<string, Entry>;
  delegations?: Delegations | undefined;
}

/** What a role says, drafted or standing. */
export interface ReadableRole {
  readonly targets: ReadonlyMap<string, Entry>;
  readonly delegations?: Delegations | undefined;
}

/**
 * The next version of a repository while it is made: files that change, over those that stand. The same changes at the same instant
 * over the same files give the same bytes: so whoever signs can make them himself, and need not believe what he is shown.
 */
export class Draft {
  readonly standing: Standing | undefined;
  readonly now: number;
  readonly lifetimes: Lifetimes;
  root: RootDocument | undefined;
  readonly roles = new Map<string, DraftedRole>();
  private readonly attributed = new Map<string, ReadableRole>();

  /** @param now epoch milliseconds */
  constructor(standing: Standing | undefined, now: number, lifetimes: Lifetimes) {
    this.standing = standing;
    this.now = wholeSeconds(now);
    this.lifetimes = lifetimes;
  }

  /**
   * As drafted, else as it stands, with whose word everything was: whatever is taken over from it is taken over with that.
   *
   * The attack: with a stolen key approve a digest, and wait until others approve a tag of it: their signature would become its own.
   */
  async read(role: string): Promise<ReadableRole | undefined> {
    return this.roles.get(role) ?? this.attributed.get(role) ?? (await this.readStanding(role));
  }

  private async readStanding(role: string): Promise<ReadableRole | undefined> {
    const standing = await this.standing?.role(role);
    if (standing === undefined) return undefined;
    const read = { ...standing.document, targets: attributed(standing) };
    this.attributed.set(role, read);
    return read;
  }

  /**
   * To be changed: from now on it has a next version. What tufgate writes into no such role is not taken over.
   *
   * The attack: with the server and the key of one role, write names of others into its file, which no gate believes until the
   * role above goes; or let it delegate to a key of one's own, which would outlive the recovery from the theft.
   * @throws trust.unsigned for a role that is not there
   */
  async edit(role: string): Promise<DraftedRole> {
    const drafted = this.roles.get(role);
    if (drafted !== undefined) return drafted;
    const standing = await this.read(role);
    if (standing === undefined)
      throw new TufgateError('trust.unsigned', `there is no role ${role}: see tufgate approvals show`);
    const { delegations } = standing;
    const own = await this.ownTargets(role, standing.targets);
    return this.add(role, own, mayDelegate(role, delegations) ? delegations : undefined);
  }

  private async ownTargets(role: string, targets: ReadonlyMap<string, Entry>): Promise<Map<string, Entry>> {
    const own = new Map<string, Entry>();
    for (const [target, entry] of targets) if ((await this.holderBefore(target)) === role) own.set(target, entry);
    return own;
  }

  /** The role that was in charge of a target as things stand. */
  async holderBefore(target: string): Promise<string> {
    return await holderOf(async (role) => (await this.standing?.role(role))?.document, target);
  }

  /** A role that is new, or whose content is replaced. */
  add(role: string, targets: Map<string, Entry>, delegations?: Delegations): DraftedRole {
    const drafted = {
      version: this.nextVersion(role),
      expires: this.now + this.lifetimes.approvals,
      targets,
      delegations,
    };
    this.roles.set(role, drafted);
    return drafted;
  }

  /** The role in charge of a target. */
  async holder(target: string): Promise<string> {
    return await holderOf((role) => this.read(role), target);
  }

  async entry(target: string): Promise<Entry | undefined> {
    return (await this.read(await this.holder(target)))?.targets.get(target);
  }

  async put(target: string, entry: Entry): Promise<void> {
    (await this.edit(await this.holder(target))).targets.set(target, entry);
  }

  async remove(target: string): Promise<void> {
    const holder = await this.holder(target);
    if ((await this.read(holder))?.targets.has(target) === true) (await this.edit(holder)).targets.delete(target);
  }

  /** The root to come, if it is to change; else the one that stands. */
  get currentRoot(): RootDocument {
    const root = this.root ?? this.standing?.root;
    if (root === undefined) throw new TufgateError('internal', 'a draft without a root');
    return root;
  }

  editRoot(change: (root: RootDocument) => Pick<RootDocument, 'keys' | 'roles'>): void {
    const version = (this.standing?.root.version ?? 0) + 1;
    const expires = this.now + this.lifetimes.root;
    this.root = { type: 'root', version, expires, ...change(this.currentRoot) };
  }

  /** What is to be signed, by role, `root` included. */
  documents(): ReadonlyMap<string, RootDocument | TargetsDocument> {
    const found = new Map<string, RootDocument | TargetsDocument>();
    if (this.root !== undefined) found.set('root', this.root);
    for (const [role, { version, expires, targets, delegations }] of this.roles)
      found.set(role, { type: 'targets', version, expires, targets, ...(delegations && { delegations }) });
    return found;
  }

  /** A role that was there once goes on from where it was: its versions never go back (5.5.5). */
  private nextVersion(role: string): number {
    return (this.standing?.snapshot.meta.get(role) ?? 0) + 1;
  }
}

function mayDelegate(role: string, delegations: Delegations | undefined): boolean {
  return delegations?.kind === 'bins' ? role === BULK : role === 'targets';
}

/** Metadata has no fractions of seconds. */
function wholeSeconds(at: number): number {
  return Math.floor(at / 1_000) * 1_000;
}
