import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TufConfig } from '../../config/config.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import type { RootDocument } from '../document/documents.ts';
import type { Change } from '../edit/change.ts';
import { rolesThatPeopleSign } from '../edit/renew.ts';
import { type Made, propose } from '../proposal/make-proposal.ts';
import type { Signs } from '../proposal/signatures.ts';
import { type ReadFile, Standing } from '../standing/standing.ts';
import { type EarliestEnd, earliestEnd } from './earliest-end.ts';
import { publishFresh, type Publishing, publishProposal, stands } from './publish.ts';
import { finishPublication, readFrom, treesOf } from './tree.ts';

/** A configured source that this gate keeps. */
export type OwnSource = TufConfig & Required<Pick<TufConfig, 'publish'>>;

export interface OwnRepositoryOptions {
  readonly source: OwnSource;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What signs timestamp and snapshot, opened when something is published. @param keyIds of those that may */
  readonly online: (keyIds: readonly string[]) => Promise<Signs>;
  /** Undefined when another process holds it. */
  readonly lock: (file: string) => (() => void) | undefined;
}

const WAIT_MS = 50;
const PATIENCE_MS = 30_000;

/** The repository of approvals that this gate keeps: read, changed and published in one place, by one process at a time. */
export class OwnRepository {
  readonly source: OwnSource;
  private readonly options: OwnRepositoryOptions;

  constructor(options: OwnRepositoryOptions) {
    this.options = options;
    this.source = options.source;
  }

  /** The root file that trust in it begins with: the pinned one, or what this process has just made. Undefined before. */
  async pinned(): Promise<Uint8Array | undefined> {
    const { root, publish } = this.source;
    await finishPublication(publish.folder);
    return root.bytes.length > 0 ? root.bytes : await readFrom(publish.folder)('root.json');
  }

  /** The published files. */
  get files(): ReadFile {
    return readFrom(this.source.publish.folder);
  }

  /** @throws trust.no-root while it has not been made · trust.* */
  async standing(): Promise<Standing> {
    return await Standing.open(this.source.name, await this.needPinned(), readFrom(this.source.publish.folder));
  }

  /** What ends first of all that people have to sign anew; undefined while the repository has not been made. */
  async earliestEnd(): Promise<EarliestEnd | undefined> {
    if ((await this.pinned()) === undefined) return undefined;
    const standing = await this.standing();
    const { root, snapshot } = standing;
    const roles = await rolesThatPeopleSign({ read: async (role) => (await standing.role(role))?.document });
    const versions = roles.map((role) => [role, snapshot.meta.get(role) ?? 0] as const);
    return await earliestEnd(this.files, [['root', root.version], ...versions]);
  }

  /** What a change would come to, as things stand. */
  async propose(changes: readonly Change[]): Promise<Made> {
    const { name, publish } = this.source;
    const creates = changes.some(({ kind }) => kind === 'create');
    const on = creates
      ? undefined
      : { repository: name, pinned: await this.needPinned(), read: readFrom(publish.folder) };
    return await propose(name, on, changes, this.options.now(), publish.lifetimes);
  }

  /** Whether it was published already, and nothing over it: so a publication that was cut short can be said again. */
  async published(made: Made): Promise<boolean> {
    return (await this.pinned()) !== undefined && (await stands(made, await this.standing()));
  }

  /** In one step, or not at all. @throws approvals.stale · trust.threshold · approvals.key */
  async publish(made: Made): Promise<void> {
    await this.locked(async () => {
      if ((await this.pinned()) !== undefined && made.proposal.files.size === 0)
        throw new TufgateError('approvals.stale', `${this.source.name} was made by somebody else meanwhile`);
      const pinned = await publishProposal(await this.publishing(made.draft.currentRoot), made);
      await keepPin(this.source.root.file, pinned);
    });
  }

  /**
   * Signs the timestamp anew, and the snapshot, once less than half of their time is left.
   * @returns when the next of them is due, epoch milliseconds; undefined while the repository has not been made
   */
  async keepFresh(): Promise<number | undefined> {
    if ((await this.pinned()) === undefined) return undefined;
    const due = await this.dueAt();
    if (this.options.now() < due.timestamp && this.options.now() < due.snapshot)
      return Math.min(due.timestamp, due.snapshot);
    await this.locked(async () => {
      // Meanwhile somebody may have published, and signed both.
      const { timestamp, snapshot } = await this.dueAt();
      const now = this.options.now();
      if (now < timestamp && now < snapshot) return;
      await publishFresh(await this.publishing((await this.standing()).root), { snapshot: now >= snapshot });
    });
    const next = await this.dueAt();
    return Math.min(next.timestamp, next.snapshot);
  }

  private async dueAt(): Promise<{ readonly timestamp: number; readonly snapshot: number }> {
    const { timestamp, snapshot } = await this.standing();
    const { lifetimes } = this.source.publish;
    return {
      timestamp: timestamp.expires - lifetimes.timestamp / 2,
      snapshot: snapshot.expires - lifetimes.snapshot / 2,
    };
  }

  private async publishing({ roles }: RootDocument): Promise<Publishing> {
    const { name, publish } = this.source;
    const online = roles.timestamp.keyIds.filter((id) => roles.snapshot.keyIds.includes(id));
    return {
      repository: name,
      folder: publish.folder,
      pinned: await this.pinned(),
      online: await this.options.online(online),
      lifetimes: publish.lifetimes,
      now: this.options.now(),
    };
  }

  private async needPinned(): Promise<Uint8Array> {
    const pinned = await this.pinned();
    if (pinned !== undefined) return pinned;
    const fix = 'start the gate once (npm start), or say: tufgate approvals init';
    throw new TufgateError('trust.no-root', `${this.source.name} has not been made yet; ${fix}`);
  }

  private async locked<T>(work: () => Promise<T>): Promise<T> {
    const file = join(treesOf(this.source.publish.folder), 'publish.lock');
    for (let waited = 0; ; waited += WAIT_MS) {
      const release = this.options.lock(file);
      if (release === undefined) {
        if (waited >= PATIENCE_MS)
          throw new TufgateError('approvals.stale', `${file} is held by another process: try again`);
        await sleep(WAIT_MS);
        continue;
      }
      try {
        return await work();
      } finally {
        release();
      }
    }
  }
}

/** The configuration may pin a file elsewhere than in the published folder. */
async function keepPin(file: string, pinned: Uint8Array): Promise<void> {
  try {
    await writeFile(file, pinned, { flag: 'wx' });
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return;
    const why = `the repository is published, but its root file ${file} cannot be written: ${messageOf(error)}`;
    throw new TufgateError('usage', `${why}; copy root.json of the published folder there`, { cause: error });
  }
}
