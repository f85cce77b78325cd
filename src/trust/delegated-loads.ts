import type { EndedTag, TrustAdvance } from '../state/store.ts';
import type { MetadataSource } from './metadata-source.ts';
import { fetchRole } from './refresh.ts';
import {
  type Accepted,
  acceptDelegated,
  difference,
  type Edge,
  isWanted,
  saidBefore,
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
  /** The file that was accepted before under this role's name. */
  readonly shelf: (role: string) => TrustFile | undefined;
  /** Makes the file durable, as the role's new floor. */
  readonly keep: (step: TrustAdvance) => Promise<void>;
}

/**
 * TUF 1.0: delegated files, one at a time as searches ask for them; everyone who waits for one waits for the same. What
 * lies on the shelf is not fetched again, and is verified again all the same.
 */
export class DelegatedLoads {
  private readonly options: LoadOptions;
  /** On their way, by snapshot and role. */
  private readonly running = new Map<string, Promise<Accepted<Targets>>>();

  constructor(options: LoadOptions) {
    this.options = options;
  }

  /** @returns a view with this role; the one handed in stays as it is. @throws trust.*: the search fails */
  async load(view: View, edge: Edge): Promise<View> {
    const { role } = edge.wanted;
    const key = `${view.snapshot.file.sha256}\n${role}`;
    const loading = this.running.get(key) ?? this.loadOnce(edge).finally(() => this.running.delete(key));
    this.running.set(key, loading);
    return withRole(view, await loading);
  }

  private async loadOnce(edge: Edge): Promise<Accepted<Targets>> {
    const { ctx, now, shelf, keep } = this.options;
    const before = shelf(edge.wanted.role);
    const bytes =
      before !== undefined && isWanted(edge.wanted, before) ? before.bytes : await fetchRole(this.options, edge.wanted);
    const accepted = acceptDelegated(ctx, edge, bytes, now(), before);
    if (accepted.file.sha256 !== before?.sha256)
      await keep({ floors: [accepted.file], ended: before === undefined ? [] : endedBy(ctx, before, accepted) });
    return accepted;
  }
}

/** What the role named before, and does not name any more. */
function endedBy(ctx: TrustContext, before: TrustFile, accepted: Accepted<Targets>): readonly EndedTag[] {
  const { role } = accepted.file;
  return difference(saidBefore(ctx, [before]), { kind: 'tuf', targets: new Map([[role, accepted]]) }).ended;
}
