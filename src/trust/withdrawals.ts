import type { TrustSourceConfig, TufConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { imageName, parseRepositoryName, type Repository, repositoryName } from '../oci/reference.ts';
import type { Given, Withdrawal, WithdrawalStore } from '../state/store.ts';
import type { Told } from './ask-standing.ts';
import { EVERYTHING } from './collection-name.ts';
import type { Collections } from './collections.ts';
import { allHold, type Holds, holdsOf, lasting } from './lasting.ts';
import { type Means, openCollection } from './open-collection.ts';
import { later, pause, type Schedule } from './patience.ts';
import { digestTarget } from './source-question.ts';
import { isAfter, whyWithdrawn } from './tuf/collection.ts';

/** What a source has against a digest of a repository, whatever rule lets it in. */
export interface Objection {
  /** `ended`: the approval of the digest itself is over; it is not taken back, and what is approved otherwise stands. */
  readonly kind: 'withdrawn' | 'unreadable' | 'ended';
  readonly source: string;
  readonly error: TufgateError;
}

export interface Weighed {
  /** Absent: nobody has anything against it. */
  readonly objection?: Objection;
}

export interface WithdrawalsOptions extends Means {
  readonly sources: ReadonlyMap<string, TrustSourceConfig>;
  readonly collections: Pick<Collections, 'standings'>;
  readonly store: WithdrawalStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of each that is stored for the first time. */
  readonly onSeen?: (withdrawal: Withdrawal) => void;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
}

/** How long a pull may wait for a source that its rule perhaps never named. */
const PATIENCE_MS = 2_000;
/** One that kept somebody waiting so long is not waited for again sooner. */
const RETRY_MS = 5_000;
const MAX_SLOW = 1_000;

/**
 * What the TUF 1.0 sources took back: every one of them is asked for the digest by its name, whichever rule let it in.
 *
 * Guarantees: what was seen once is stored, and binds although the source cannot be reached, has expired, or trust in it began
 * anew; a missing entry takes nothing back from it, only a newer approval does. A source that does not know the digest, or
 * cannot be asked, takes nothing away: it was not asked to approve.
 */
export class Withdrawals {
  private readonly options: WithdrawalsOptions;
  private readonly sources: readonly TufConfig[];
  /** By source and target, until when nobody waits for them. */
  private readonly slow = new Map<string, number>();

  constructor(options: WithdrawalsOptions) {
    this.options = options;
    this.sources = [...options.sources.values()].filter((config) => config.kind === 'tuf');
  }

  /** The gravest objection; the sources are asked. @throws faults of our own */
  async objection(repository: Repository, digest: Digest): Promise<Objection | undefined> {
    return (await this.weigh(repository, digest)).objection;
  }

  /** The same, and that there is none may be said again for as long as `holdsOf` the answer says. @throws faults of our own */
  async weigh(repository: Repository, digest: Digest): Promise<Weighed> {
    const found = await Promise.all(this.sources.map((config) => this.patiently(config, repository, digest)));
    // Before the last look: what is stored behind it makes another number.
    const unmoved = this.unmoved();
    // After the sources were asked: what they took back, and what they have forgotten since.
    const stored = await this.stored(repository, [digest]);
    const objections = [...found.map(({ objection }) => objection), stored.get(digest)].flatMap((each) => each ?? []);
    const [gravest] = RANKED.flatMap((kind) => objections.filter((each) => each.kind === kind));
    if (gravest !== undefined) return { objection: gravest };
    return lasting({}, allHold([...found.map(({ holds }) => holds), unmoved]));
  }

  /** Those among these digests that are known to be withdrawn, without asking anybody. */
  async stored(repository: Repository, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, Objection>> {
    if (this.sources.length === 0 || digests.length === 0) return new Map();
    const known = await this.options.store.withdrawals(repositoryName(repository), digests);
    const binding = known.filter(({ source }) => this.sources.some(({ name }) => name === source));
    return new Map(binding.map((each) => [each.digest, withdrawn(each)]));
  }

  /**
   * Asks one source for many, and stores what it took back. @returns how many it could not be asked for
   * @throws faults of our own
   */
  async look(source: string, given: readonly Given[]): Promise<number> {
    const config = this.sources.find(({ name }) => name === source);
    if (config === undefined) return 0;
    const all = given.map(({ repository, digest }) => ({ repository: parseRepositoryName(repository), digest }));
    const told = await this.ask(config, all);
    for (const [place, { repository, digest }] of all.entries())
      await this.settle(config, repository, digest, told[place] ?? UNKNOWN);
    return told.filter(({ kind }) => kind === 'unknown').length;
  }

  /** Nobody can have stored a withdrawal since, or lifted one. */
  private unmoved(): Holds | undefined {
    const { store } = this.options;
    // Where no source is asked, what others have stored of theirs binds nobody.
    if (this.sources.length === 0) return () => true;
    const moved = store.withdrawalsMoved();
    return moved === undefined ? undefined : () => store.withdrawalsMoved() === moved;
  }

  /** What comes too late for this pull is stored all the same, and counts for the next. */
  private async patiently(config: TufConfig, repository: Repository, digest: Digest): Promise<Said> {
    const key = `${config.name}\n${digestTarget(config, repository, digest)}`;
    if ((this.slow.get(key) ?? 0) > this.options.now()) return {};
    const { over, cancel } = pause(this.options.schedule ?? later, PATIENCE_MS);
    const asking = this.ask(config, [{ repository, digest }]).then(async ([told = UNKNOWN]): Promise<Said> => ({
      objection: await this.settle(config, repository, digest, told),
      // Neither does anything when it is said once more: nothing is stored that it would lift.
      holds: told.kind === 'silent' || told.kind === 'approved' ? holdsOf(told) : undefined,
    }));
    const answer = await Promise.race([asking, over]).finally(cancel);
    if (answer !== undefined) return answer;
    asking.catch(() => undefined);
    if (this.slow.size >= MAX_SLOW) this.slow.clear();
    this.slow.set(key, this.options.now() + RETRY_MS);
    return {};
  }

  private async ask(
    config: TufConfig,
    all: readonly { repository: Repository; digest: Digest }[],
  ): Promise<readonly Told[]> {
    const names = all.map(({ repository, digest }) => digestTarget(config, repository, digest));
    return await this.options.collections.standings(openCollection(this.options, config, EVERYTHING), names);
  }

  /** What is stored is read after the source was asked: an answer of before must not lift what was seen since. */
  private async settle(
    { name: source }: TufConfig,
    repository: Repository,
    digest: Digest,
    told: Told,
  ): Promise<Objection | undefined> {
    const { store, now } = this.options;
    if (told.kind === 'unknown' || told.kind === 'silent') return undefined;
    if (told.kind === 'ended') return { kind: 'ended', source, error: new TufgateError('trust.expired', told.why) };
    if (told.kind === 'unreadable')
      return { kind: 'unreadable', source, error: new TufgateError('trust.malformed', told.why) };
    const known = (await store.withdrawals(repositoryName(repository), [digest])).find(
      (each) => each.source === source,
    );
    if (told.kind === 'approved') {
      if (known !== undefined && told.digest === digest && isAfter(told, known.versions))
        await store.liftWithdrawal(known);
      return undefined;
    }
    const { revoked, versions } = told;
    const withdrawal = { source, repository: repositoryName(repository), digest, ...revoked, seenAt: now(), versions };
    if (known === undefined || !isSame(known, withdrawal)) await this.keep(withdrawal);
    return withdrawn(withdrawal);
  }

  private async keep(withdrawal: Withdrawal): Promise<void> {
    if (await this.options.store.withdraw(withdrawal)) this.options.onSeen?.(withdrawal);
  }
}

/** What one source says, and whether it would say so again. */
interface Said {
  readonly objection?: Objection | undefined;
  readonly holds?: Holds | undefined;
}

const UNKNOWN: Told = { kind: 'unknown' };
const RANKED = ['withdrawn', 'unreadable', 'ended'] as const;

function withdrawn(withdrawal: Withdrawal): Objection {
  const { source, repository, digest } = withdrawal;
  const image = imageName({ ...parseRepositoryName(repository), digest });
  const why = `${whyWithdrawn(image, withdrawal)} (${source})`;
  return { kind: 'withdrawn', source, error: new TufgateError('trust.withdrawn', why) };
}

/** Nothing that an update would change: most looks find what is known. */
function isSame(known: Withdrawal, seen: Withdrawal): boolean {
  const said = ({ at, by, reason }: Withdrawal): string => JSON.stringify([at, by, reason]);
  const newer = [...seen.versions].some(([role, version]) => version > (known.versions.get(role) ?? 0));
  return said(known) === said(seen) && !newer;
}
