import { TufgateError } from '../errors.ts';
import type { EndedTag, TrustAdvance } from '../state/store.ts';
import type { MetadataSource } from './metadata-source.ts';
import { later, type Schedule, within } from './patience.ts';
import { fetchRole } from './refresh.ts';
import {
  type Accepted,
  acceptDelegated,
  type Edge,
  endedBy,
  isWanted,
  type Targets,
  type TrustContext,
  type TrustFile,
  type View,
  withRole,
} from './tuf/collection.ts';

/** What loading needs of its collection. */
export interface LoadOptions {
  readonly ctx: TrustContext;
  readonly source: MetadataSource;
  readonly maxBytes: number;
  readonly now: () => number;
  readonly schedule?: Schedule;
  /** The files that were accepted before, by role name. */
  readonly shelf: () => ReadonlyMap<string, TrustFile>;
  /**
   * Makes the file durable, as the role's new floor, unless the view is of the past by now, or there is no room for it:
   * then `instead`.
   */
  readonly keep: (view: View, step: TrustAdvance, instead: () => TrustAdvance | undefined) => Promise<void>;
  /** Bytes that do not verify: somebody should look. */
  readonly alarm: (error: TufgateError) => void;
}

/** From the first question to the last byte of one file. */
const LOAD_MS = 30_000;
/** What failed is not tried again sooner, whoever asks. */
const RETRY_MS = 5_000;
const MAX_FAILURES = 1_000;

interface Failure {
  readonly error: unknown;
  readonly at: number;
}

/**
 * TUF 1.0: delegated files, one at a time as searches ask for them; everyone who waits for one along the same delegation
 * waits for the same. What lies on the shelf is not fetched again, and is verified again all the same.
 */
export class DelegatedLoads {
  private readonly options: LoadOptions;
  /** On their way, by snapshot, role and who may sign it: what fails for one delegator says nothing of another. */
  private readonly running = new Map<string, Promise<Accepted<Targets>>>();
  private readonly failures = new Map<string, Failure>();

  constructor(options: LoadOptions) {
    this.options = options;
  }

  /** @returns a view with this role; the one handed in stays as it is. @throws trust.*: the search fails */
  async load(view: View, edge: Edge): Promise<View> {
    const key = keyOf(view, edge);
    const failed = this.failures.get(key);
    if (failed !== undefined && this.options.now() - failed.at < RETRY_MS) throw failed.error;
    const loading = this.running.get(key) ?? this.begin(key, view, edge);
    return withRole(view, await loading);
  }

  private begin(key: string, view: View, edge: Edge): Promise<Accepted<Targets>> {
    const loading = this.loadOnce(view, edge)
      .catch((error: unknown) => this.fail(key, error))
      .finally(() => this.running.delete(key));
    this.running.set(key, loading);
    return loading;
  }

  private async loadOnce(view: View, edge: Edge): Promise<Accepted<Targets>> {
    const before = this.options.shelf().get(edge.wanted.role);
    const shelved = before !== undefined && isWanted(edge.wanted, before) ? this.fromShelf(edge, before) : undefined;
    if (shelved !== undefined) return shelved;
    const bytes = await this.fetch(edge);
    // What does not verify for this delegation is no evidence against what does.
    const other = before !== undefined && isWanted(edge.wanted, before);
    const accepted = acceptDelegated(this.options.ctx, edge, bytes, this.options.now(), other ? undefined : before);
    await this.keep(view, edge, accepted, before);
    return accepted;
  }

  /**
   * The attack: with the key of another delegator that names the same role, and the network once, put a file of one's own
   * on the shelf; the owner's, of the same version, would never be fetched again. So a file that is not signed for this
   * delegation is fetched anew, unless the snapshot says by its hash that it is the very one.
   */
  private fromShelf(edge: Edge, before: TrustFile): Accepted<Targets> | undefined {
    const { ctx, now } = this.options;
    try {
      return acceptDelegated(ctx, edge, before.bytes, now());
    } catch (error) {
      const { sha256, sha512 } = edge.wanted.entry.hashes;
      const named = sha256 !== undefined || sha512 !== undefined;
      if (named || !(error instanceof TufgateError) || !UNSIGNED.has(error.code)) throw error;
      return undefined;
    }
  }

  private async fetch(edge: Edge): Promise<Uint8Array> {
    const { ctx, source, maxBytes, schedule } = this.options;
    const what = `loading ${edge.wanted.role} of ${ctx.gun}`;
    return await within(schedule ?? later, LOAD_MS, what, (signal) =>
      fetchRole({ ctx, source, maxBytes, signal }, edge.wanted),
    );
  }

  private async keep(
    view: View,
    { authority }: Edge,
    accepted: Accepted<Targets>,
    before: TrustFile | undefined,
  ): Promise<void> {
    const { file } = accepted;
    const replaces = before?.version === file.version ? { forget: [file.role] } : {};
    const shelf = this.options.shelf();
    const endedWith = (after: Accepted<Targets>): readonly EndedTag[] =>
      endedBy(this.options.ctx, view, shelf, { accepted: after, authority });
    const instead = (): TrustAdvance | undefined =>
      before && { forget: [file.role], ended: endedWith(silent(accepted)) };
    await this.options.keep(view, { ...replaces, floors: [file], ended: endedWith(accepted) }, instead);
  }

  private fail(key: string, error: unknown): never {
    if (this.failures.size >= MAX_FAILURES) this.failures.clear();
    this.failures.set(key, { error, at: this.options.now() });
    if (error instanceof TufgateError && error.code !== 'trust.unreachable') this.options.alarm(error);
    throw error;
  }
}

/** The role as if it named nothing: all that it named before has ended then, and counts as removed. */
function silent(accepted: Accepted<Targets>): Accepted<Targets> {
  return { ...accepted, model: { ...accepted.model, targets: new Map() } };
}

const UNSIGNED: ReadonlySet<string> = new Set(['trust.signature', 'trust.threshold']);

/** Ids of keys are free: only as JSON can one not be made to look like two. */
function keyOf(view: View, { wanted, authority }: Edge): string {
  const keys = authority.keys.map(({ keyId, material }) => JSON.stringify([keyId, material?.identity])).sort();
  return JSON.stringify([view.snapshot.file.sha256, wanted.role, authority.threshold, ...keys]);
}
