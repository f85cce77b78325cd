import type { Digest } from '../oci/digest.ts';
import { type Repository, repositoryName } from '../oci/reference.ts';
import type { DecisionStore, StoredDecision } from '../state/store.ts';

/** Who got a manifest, under which name, and when: epoch milliseconds. */
export interface PulledBy {
  readonly address: string;
  /** As the client called itself last. */
  readonly userAgent: string;
  readonly repository: string;
  /** Absent for pulls by digest. */
  readonly tag?: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

/** Rows of the log that are read, the newest first; a row covers a minute of one client. */
const MAX_READ = 100_000;

/**
 * The clients that this digest was served to, by itself or as what a tag stood for, the last first: whom to tell when it is
 * withdrawn. From the decision log, as far back as it goes; a HEAD got nothing.
 *
 * @param repository of this one only; of all when undefined
 */
export async function clientsOf(
  state: Pick<DecisionStore, 'decisions'>,
  repository: Repository | undefined,
  digest: Digest,
): Promise<readonly PulledBy[]> {
  const only = repository && repositoryName(repository);
  const rows = await state.decisions({ digest, event: 'pull', verdict: 'allow', limit: MAX_READ });
  const found = new Map<string, PulledBy>();
  for (const row of rows) {
    if (row.request !== 'manifest' || row.method === 'HEAD' || (only !== undefined && row.repository !== only))
      continue;
    const key = JSON.stringify([row.client.address, row.repository, row.tag ?? null]);
    found.set(key, merged(found.get(key), row));
  }
  return [...found.values()].sort((a, b) => b.lastAt - a.lastAt);
}

/** Rows come oldest first. */
function merged(
  before: PulledBy | undefined,
  { client, repository, tag, at, firstAt, count }: StoredDecision,
): PulledBy {
  return {
    address: client.address,
    userAgent: client.userAgent,
    repository,
    ...(tag === undefined ? {} : { tag }),
    firstAt: Math.min(firstAt, before?.firstAt ?? firstAt),
    lastAt: Math.max(at, before?.lastAt ?? at),
    count: count + (before?.count ?? 0),
  };
}
