import type { RuleConfig, SourceRequirement } from '../../src/config/config.ts';
import { type Reason, TufgateError } from '../../src/errors.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { type Repository, repositoryName } from '../../src/oci/reference.ts';
import type { Decision, SourceVerdict } from '../../src/policy/decision.ts';
import { compilePolicy } from '../../src/policy/rules.ts';
import { createBasis } from '../../src/pull/basis.ts';
import { BlobFlights } from '../../src/pull/blob/flights.ts';
import type { PullDeps, UnsignedTag } from '../../src/pull/deps.ts';
import { GivenOutMemory } from '../../src/pull/give-out.ts';
import { KnownCovers } from '../../src/pull/known-covers.ts';
import { Manifests } from '../../src/pull/manifests.ts';
import { WarmPulls } from '../../src/pull/warm-pulls.ts';
import { MemoryBlobStore } from '../../src/simulator/memory-blob-store.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import type { Statement, TrustService } from '../../src/trust/service.ts';
import type { Objection, Weighed } from '../../src/trust/withdrawals.ts';
import { createPeer } from '../../src/upstream/peer.ts';
import { RegistryClient } from '../../src/upstream/registry-client.ts';

/** A gate without HTTP and without Notary: real rulings, closure, cache and registry; trust says what the test says. */
export interface World {
  readonly deps: PullDeps;
  readonly registry: RegistrySimulator;
  readonly trust: ScriptedTrust;
  readonly withdrawals: ScriptedWithdrawals;
  readonly decisions: Decision[];
  readonly store: MemoryBlobStore;
  clock: number;
  close(): Promise<void>;
}

export const NOON = Date.parse('2026-11-21T12:00:00Z');
export const APP: Repository = { registry: 'reg.example', path: 'acme/app' };
export const client = { address: '192.0.2.1', userAgent: 'story' };

export function rule(over: Partial<RuleConfig> & Pick<RuleConfig, 'match' | 'action'>, position = 1): RuleConfig {
  return { position, line: position, digests: { kind: 'current' }, mode: 'enforce', ...over };
}

export const requireVendor = { kind: 'require', requirement: { kind: 'source', source: 'vendor' } } as const;
export const allowed = { kind: 'allow', reason: 'bootstrap', untilMs: NOON + 86_400_000 } as const;

export class ScriptedTrust implements TrustService {
  private readonly signed = new Map<string, Map<string, Digest>>();
  private readonly history: (Statement & { gun: string; source: string })[] = [];
  private readonly removed: { source: string; gun: string; tag: string; at: number }[] = [];
  private readonly refusals = new Map<string, Reason>();
  /** No pin of these sources covers any repository. */
  readonly unpinned = new Set<string>();
  now = NOON;
  asked = 0;

  sign(repository: Repository, tag: string, digest: Digest, source = 'vendor'): void {
    this.end(repository, tag, source);
    this.tagsOf(source, repositoryName(repository)).set(tag, digest);
    this.state(repository, tag, digest, 'targets', source);
  }

  /** A statement alone: by a role that is not believed, it makes no tag. */
  state(repository: Repository, tag: string, digest: Digest, role: string, source = 'vendor'): void {
    this.history.push({ source, gun: repositoryName(repository), role, tag, digest });
  }

  revoke(repository: Repository, tag: string, source = 'vendor'): void {
    this.end(repository, tag, source);
    this.removed.push({ source, gun: repositoryName(repository), tag, at: this.now });
  }

  private end(repository: Repository, tag: string, source: string): void {
    const gun = repositoryName(repository);
    this.tagsOf(source, gun).delete(tag);
    this.history.forEach((row, i) => {
      const mine = row.source === source && row.gun === gun && row.tag === tag && row.until === undefined;
      if (mine) this.history[i] = { ...row, until: this.now };
    });
  }

  refuse(source: string, reason: Reason): void {
    this.refusals.set(source, reason);
  }

  resolve({ source }: SourceRequirement, repository: Repository, tag: string): Promise<SourceVerdict> {
    this.asked++;
    const base = { source, kind: 'notary', roles: [], signers: [], versions: new Map(), expires: new Map() } as const;
    const digest = this.tagsOf(source, repositoryName(repository)).get(tag);
    const reason = this.refusals.get(source) ?? (digest === undefined ? 'trust.unsigned' : undefined);
    if (reason !== undefined) return Promise.resolve({ ...base, outcome: 'refused', reason, message: reason });
    return Promise.resolve({
      ...base,
      outcome: 'signed',
      roles: ['targets'],
      ...(digest === undefined ? {} : { digest }),
    });
  }

  /** Digests that are signed for a repository without a tag. */
  readonly signedDigests = new Set<Digest>();

  resolveDigest({ source }: SourceRequirement, _: Repository, digest: Digest): Promise<SourceVerdict> {
    const base = { source, kind: 'tuf', roles: [], signers: [], versions: new Map(), expires: new Map() } as const;
    const reason = this.refusals.get(source);
    if (reason !== undefined) return Promise.resolve({ ...base, outcome: 'refused', reason, message: reason });
    if (this.signedDigests.has(digest)) return Promise.resolve({ ...base, outcome: 'signed', digest });
    return Promise.resolve({ ...base, outcome: 'refused', reason: 'trust.unsigned', message: 'nobody signed it' });
  }

  statements(source: string, repository: Repository, digests: readonly Digest[]): Promise<readonly Statement[]> {
    if (this.unpinned.has(source)) return Promise.reject(new TufgateError('trust.no-root', 'no pin'));
    const gun = repositoryName(repository);
    return Promise.resolve(
      this.history.filter((row) => row.source === source && row.gun === gun && digests.includes(row.digest)),
    );
  }

  removals(source: string, repository: Repository, tags: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const gun = repositoryName(repository);
    const mine = this.removed.filter((row) => row.source === source && row.gun === gun && tags.includes(row.tag));
    return Promise.resolve(new Map(mine.map(({ tag, at }) => [tag, at])));
  }

  tags(source: string, repository: Repository): Promise<readonly string[]> {
    return Promise.resolve([...this.tagsOf(source, repositoryName(repository)).keys()]);
  }

  private tagsOf(source: string, gun: string): Map<string, Digest> {
    const key = `${source} ${gun}`;
    const tags = this.signed.get(key) ?? new Map<string, Digest>();
    this.signed.set(key, tags);
    return tags;
  }
}

/** Digests that were taken back, as "reg.example/acme/app@sha256:…"; what is only asked about is not stored. */
export class ScriptedWithdrawals {
  readonly known = new Map<string, Objection>();
  readonly asked = new Map<string, Objection>();
  readonly questions: string[] = [];

  withdraw(repository: Repository, digest: Digest, kind: Objection['kind'] = 'withdrawn', stored = false): void {
    const name = `${repositoryName(repository)}@${digest}`;
    const code = ({ withdrawn: 'trust.withdrawn', unreadable: 'trust.malformed', ended: 'trust.expired' } as const)[
      kind
    ];
    const objection = { kind, source: 'vendor', error: new TufgateError(code, `${name}: ${kind}`) };
    this.asked.set(name, objection);
    if (stored) this.known.set(name, objection);
  }

  objection(repository: Repository, digest: Digest): Promise<Objection | undefined> {
    const name = `${repositoryName(repository)}@${digest}`;
    this.questions.push(name);
    return Promise.resolve(this.asked.get(name));
  }

  async weigh(repository: Repository, digest: Digest): Promise<Weighed> {
    const objection = await this.objection(repository, digest);
    return objection === undefined ? {} : { objection };
  }

  stored(repository: Repository, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, Objection>> {
    const mine = digests.flatMap((digest): [Digest, Objection][] => {
      const found = this.known.get(`${repositoryName(repository)}@${digest}`);
      return found === undefined ? [] : [[digest, found]];
    });
    return Promise.resolve(new Map(mine));
  }
}

export async function openWorld(rules: readonly RuleConfig[]): Promise<World> {
  const registry = await RegistrySimulator.start();
  const state = openSqliteStore(':memory:');
  const store = new MemoryBlobStore();
  const trust = new ScriptedTrust();
  const withdrawals = new ScriptedWithdrawals();
  const decisions: Decision[] = [];
  const world = { registry, trust, withdrawals, decisions, store, clock: NOON };
  const now = (): number => world.clock;
  const peer = createPeer({ name: APP.registry, url: registry.url, config: {}, connections: 8, clock: now });
  const upstream = new RegistryClient(peer, { url: registry.url, clock: now, credentials: false });
  const flights = new BlobFlights({ store, now, delay: () => Promise.resolve() });
  const tags = new Map<string, UnsignedTag>();
  const deps: PullDeps = {
    policy: compilePolicy(rules),
    trust,
    withdrawals,
    covers: new KnownCovers(),
    upstreams: new Map([[APP.registry, upstream]]),
    closure: state,
    unsignedTags: { get: (image) => tags.get(image), set: (image, tag) => void tags.set(image, tag) },
    checkEveryMs: 60_000,
    basis: createBasis(new Map()),
    maxManifestBytes: 4 << 20,
    maxBlobBytes: 1 << 30,
    now,
    manifests: new Manifests({
      cache: store,
      closure: state,
      maxBytes: 4 << 20,
      onCacheFailure: () => undefined,
      cacheUsed: () => undefined,
    }),
    flights,
    givenOut: new GivenOutMemory(state),
    warm: new WarmPulls(),
    decisions: {
      record(decision) {
        decisions.push(decision);
        return Promise.resolve();
      },
    },
    cacheUsed: () => undefined,
  };
  return Object.assign(world, {
    deps,
    async close() {
      await flights.close();
      await upstream.close();
      await registry.close();
      await state.close();
    },
  });
}
