import type { SourceRequirement, TrustSourceConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import type { SignedTag, TrustStore } from '../state/store.ts';
import { reasonOf, refusedBy } from './ask.ts';
import { collectionFor } from './collection-name.ts';
import type { Opened } from './collection.ts';
import type { Collections } from './collections.ts';
import { holdsOf, lasting } from './lasting.ts';
import { type Means, openCollection } from './open-collection.ts';
import type { Answer, Question } from './question.ts';
import { aboutDigest, aboutTag, signedName, tagOf } from './source-question.ts';

/**
 * What the pull asks of trust: tag → verdict. A refusal is a verdict, not an exception, because the decision log and
 * `any` need all of them side by side; only faults of our own throw.
 */
export interface TrustService {
  /** Verdicts of `resolve` and `resolveDigest` may be given again for as long as `holdsOf` them says. */
  resolve(asked: SourceRequirement, repository: Repository, tag: string): Promise<SourceVerdict>;
  /** Is this very digest signed for the repository, whatever the tag? */
  resolveDigest(asked: SourceRequirement, repository: Repository, digest: Digest): Promise<SourceVerdict>;
  /** Statements, current and past, of this source that named one of these digests; the source is asked first. */
  statements(source: string, repository: Repository, digests: readonly Digest[]): Promise<readonly Statement[]>;
  /** When the source last removed one of these tags altogether, by tag. */
  removals(source: string, repository: Repository, tags: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Tags that the source names today. Empty when nothing is known. */
  tags(source: string, repository: Repository): Promise<readonly string[]>;
}

/** `until` when it is said no more. */
export interface Statement extends SignedTag {
  readonly until?: number;
}

export interface TrustServiceOptions extends Means {
  readonly sources: ReadonlyMap<string, TrustSourceConfig>;
  readonly collections: Collections;
  readonly store: TrustStore;
  readonly now: () => number;
}

export function createTrustService(options: TrustServiceOptions): TrustService {
  return new Service(options);
}

class Service implements TrustService {
  private readonly options: TrustServiceOptions;

  constructor(options: TrustServiceOptions) {
    this.options = options;
  }

  async resolve(asked: SourceRequirement, repository: Repository, tag: string): Promise<SourceVerdict> {
    const config = this.config(asked.source);
    return await this.ask(config, repository, aboutTag(config, asked, repository, tag));
  }

  async resolveDigest(asked: SourceRequirement, repository: Repository, digest: Digest): Promise<SourceVerdict> {
    const config = this.config(asked.source);
    if (config.kind === 'notary') return await this.resolveByTags(asked, repository, digest);
    const verdict = await this.ask(config, repository, aboutDigest(config, asked, repository, digest));
    return verdict.outcome === 'refused' || verdict.digest === digest ? verdict : otherDigest(verdict, digest);
  }

  async statements(source: string, repository: Repository, digests: readonly Digest[]): Promise<readonly Statement[]> {
    const config = this.config(source);
    const opened = this.opened(config, repository);
    const current = await this.options.collections
      .naming(opened, digests, signedName(config, repository, ''))
      .catch(noneForAReason);
    const ended = await this.options.store.endedTags(opened, digests);
    return [...current, ...ended].flatMap((signed: Statement) => {
      const tag = tagOf(config, repository, signed.tag);
      return tag === undefined ? [] : [{ ...signed, tag }];
    });
  }

  /** In TUF 1.0 a removal is stored when a search comes by it; a tag that is not signed now rules nothing anyway. */
  async removals(
    source: string,
    repository: Repository,
    tags: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const config = this.config(source);
    const byName = new Map(tags.map((tag) => [signedName(config, repository, tag), tag]));
    const stored = await this.options.store.removals(this.opened(config, repository), [...byName.keys()]);
    return new Map([...stored].map(([name, at]) => [byName.get(name) ?? name, at]));
  }

  /** TUF 1.0: as far as a search has loaded roles; the one here comes by those that speak for the repository. */
  async tags(source: string, repository: Repository): Promise<readonly string[]> {
    const config = this.config(source);
    try {
      if (config.kind === 'tuf') await this.resolve({ kind: 'source', source }, repository, 'latest');
      const names = await this.options.collections.names(
        this.opened(config, repository),
        signedName(config, repository, ''),
      );
      return names.flatMap((name) => tagOf(config, repository, name) ?? []);
    } catch (error) {
      reasonOf(error);
      return [];
    }
  }

  /** Notary has no names for digests: the tags that name it today are asked. */
  private async resolveByTags(
    asked: SourceRequirement,
    repository: Repository,
    digest: Digest,
  ): Promise<SourceVerdict> {
    const statements = await this.statements(asked.source, repository, [digest]);
    let last: SourceVerdict | undefined;
    for (const { tag, until } of statements.slice(0, MAX_TAGS)) {
      if (until !== undefined) continue;
      last = await this.resolve(asked, repository, tag);
      if (last.digest === digest) return last;
    }
    const why = `${asked.source} signs no tag of ${repository.registry}/${repository.path} with this digest`;
    return last?.outcome === 'refused'
      ? last
      : refused(this.config(asked.source), new TufgateError('trust.unsigned', why));
  }

  private async ask(config: TrustSourceConfig, repository: Repository, question: Question): Promise<SourceVerdict> {
    try {
      const answer = await this.options.collections.ask(this.opened(config, repository), question);
      return lasting(verdictOf(config, answer), holdsOf(answer));
    } catch (error) {
      return refused(config, error);
    }
  }

  private opened(config: TrustSourceConfig, repository: Repository): Opened {
    return openCollection(this.options, config, collectionFor(config, repository));
  }

  private config(source: string): TrustSourceConfig {
    const config = this.options.sources.get(source);
    if (config === undefined) throw new TufgateError('internal', `no trust source is called ${source}`);
    return config;
  }
}

/** Tags that are asked for one digest. */
const MAX_TAGS = 32;

function verdictOf({ name: source, kind }: TrustSourceConfig, { verdict, basis }: Answer): SourceVerdict {
  const rest = basis ?? { versions: new Map<string, number>(), expires: new Map<string, number>() };
  if (verdict.outcome === 'signed') return { source, kind, ...verdict, ...rest };
  const { reason } = verdict;
  const out = reason === 'trust.unreachable';
  const message = out ? unreachable(source) : verdict.message;
  const failure = out && { failure: { reason, message: verdict.message } };
  return { source, kind, outcome: 'refused', reason, message, roles: [], signers: [], ...rest, ...failure };
}

function refused(config: TrustSourceConfig, error: unknown): SourceVerdict {
  return verdictOf(config, { verdict: refusedBy(error) });
}

/** Names bind: what is signed under the name of one digest is that digest. */
function otherDigest(verdict: SourceVerdict, digest: Digest): SourceVerdict {
  const message = `${verdict.source} signed another digest under the name of ${digest}; its publisher must correct it`;
  const { source, kind, versions, expires } = verdict;
  const basis = { ...(verdict.root && { root: verdict.root }), versions, expires };
  return { source, kind, outcome: 'refused', reason: 'trust.wrong-name', message, roles: [], signers: [], ...basis };
}

/** Clients read this. Hosts, files and variables of ours are for `failure`, which operators read. */
function unreachable(source: string): string {
  return `the trust source ${source} could not be reached, and nothing verified and fresh is at hand`;
}

function noneForAReason(error: unknown): readonly SignedTag[] {
  reasonOf(error);
  return [];
}
