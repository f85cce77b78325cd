import type { NotaryConfig, SourceRequirement, TrustSourceConfig } from '../config/config.ts';
import { codeOf, isReason, messageOf, type Reason, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import type { SignedTag, TrustStore } from '../state/store.ts';
import { gunOf, pinFor } from './collection-name.ts';
import type { Current, Opened } from './collection.ts';
import type { Collections } from './collections.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { Crypto } from './tuf/crypto-port.ts';
import { expiriesOf, lookup, naming, rootOf, versionsOf, viewSignedTags } from './tuf/collection.ts';

/**
 * What the pull asks of trust: tag → verdict. A refusal is a verdict, not an exception, because the decision log and
 * `any` need all of them side by side; only faults of our own throw.
 */
export interface TrustService {
  resolve(asked: SourceRequirement, repository: Repository, tag: string): Promise<SourceVerdict>;
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

export interface TrustServiceOptions {
  readonly sources: ReadonlyMap<string, TrustSourceConfig>;
  readonly metadata: (source: TrustSourceConfig, gun: string) => MetadataSource;
  readonly crypto: Crypto;
  readonly collections: Collections;
  readonly store: TrustStore;
  readonly now: () => number;
}

export function createTrustService(options: TrustServiceOptions): TrustService {
  const open = (source: string, repository: Repository): { config: NotaryConfig; opened: Opened } => {
    const config = options.sources.get(source);
    if (config === undefined) throw new TufgateError('internal', `no trust source is called ${source}`);
    return { config, opened: openCollection(options, config, gunOf(config, repository)) };
  };
  return {
    async resolve(asked, repository, tag) {
      try {
        const { config, opened } = open(asked.source, repository);
        return await resolveTag(options, config, opened, asked, tag);
      } catch (error) {
        return refusedBy(asked.source, error);
      }
    },
    async statements(source, repository, digests) {
      const { opened } = open(source, repository);
      await options.collections.current(opened).catch(onlyReasons);
      const said = await options.collections.said(opened).catch(onlyReasons);
      const ended = await options.store.endedTags(opened, digests);
      return [...(said === undefined ? [] : naming(said, digests)), ...ended];
    },
    async removals(source, repository, tags) {
      return await options.store.removals(open(source, repository).opened, tags);
    },
    async tags(source, repository) {
      try {
        const { view } = await options.collections.current(open(source, repository).opened);
        return [...new Set([...viewSignedTags(view)].map(({ tag }) => tag))].sort();
      } catch (error) {
        reasonOf(error);
        return [];
      }
    },
  };
}

/** No pin and no first use is `trust.no-root` at once: the source is not even asked. */
export function openCollection(options: TrustServiceOptions, config: NotaryConfig, gun: string): Opened {
  const pin = pinFor(config, gun);
  if (pin === undefined && config.firstUse === 'refuse') {
    throw new TufgateError(
      'trust.no-root',
      `no pin of trust source ${config.name} covers ${gun}: add one under trust.${config.name}.pins, or set first_use: remember`,
    );
  }
  const anchor = pin?.anchor ?? { kind: 'first-use' as const };
  return {
    source: config.name,
    gun,
    ctx: { gun, anchor, crypto: options.crypto },
    metadata: options.metadata(config, gun),
  };
}

async function resolveTag(
  options: TrustServiceOptions,
  config: NotaryConfig,
  opened: Opened,
  asked: SourceRequirement,
  tag: string,
): Promise<SourceVerdict> {
  let current = await options.collections.current(opened);
  try {
    return found(options, config, current, asked, tag);
  } catch (error) {
    if (codeOf(error) !== 'trust.expired') return refused(config, current, error);
  }
  // Notary signs a new timestamp only once the old one has ended: one more fetch, and only then it is expired.
  current = await options.collections.again(opened);
  try {
    return found(options, config, current, asked, tag);
  } catch (error) {
    // Expired because the source cannot be reached, or offers only bytes that we refuse: that is the reason to give.
    return refused(config, current, codeOf(error) === 'trust.expired' ? (current.failure ?? error) : error);
  }
}

function found(
  options: TrustServiceOptions,
  config: NotaryConfig,
  current: Current,
  asked: SourceRequirement,
  tag: string,
): SourceVerdict {
  const { view, checkedAt } = current;
  const signers = asked.signers === undefined ? {} : { signers: asked.signers };
  const signed = lookup(view, tag, { releases: config.releases, ...signers }, options.now());
  return {
    source: config.name,
    kind: 'notary',
    outcome: 'signed',
    ...signed,
    root: rootOf(view),
    versions: versionsOf(view, signed.roles),
    expires: expiriesOf(view, signed.roles),
    checkedAt,
  };
}

function refused(config: NotaryConfig, { view, checkedAt }: Current, error: unknown): SourceVerdict {
  return {
    ...refusedBy(config.name, error),
    root: rootOf(view),
    versions: versionsOf(view, []),
    expires: expiriesOf(view, []),
    checkedAt,
  };
}

function refusedBy(source: string, error: unknown): SourceVerdict {
  return {
    source,
    kind: 'notary',
    outcome: 'refused',
    reason: reasonOf(error),
    message: codeOf(error) === 'trust.unreachable' ? unreachable(source) : messageOf(error),
    roles: [],
    signers: [],
    versions: new Map(),
    expires: new Map(),
  };
}

/** Clients read this. Hosts, files and variables of ours are for the log, which the thrown error goes to. */
function unreachable(source: string): string {
  return `the trust source ${source} could not be reached, and nothing verified and fresh is at hand; pull again in a moment`;
}

/** A fault of our own is not an answer: it goes up, and the pull is refused as `internal`. */
function reasonOf(error: unknown): Reason {
  const code = codeOf(error);
  if (isReason(code)) return code;
  throw error;
}

function onlyReasons(error: unknown): undefined {
  reasonOf(error);
  return undefined;
}
