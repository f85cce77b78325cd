import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { keepApprovalsFresh } from './compose-approvals.ts';
import { openFsBlobStore } from './cache/fs/fs-blob-store.ts';
import type { BlobStore } from './cache/blob-store.ts';
import type { Config, PeerConfig, TrustSourceConfig } from './config/config.ts';
import { compilePolicy, type Policy } from './policy/rules.ts';
import { createBasis } from './pull/basis.ts';
import { BlobFlights } from './pull/blob/flights.ts';
import { DecisionLog } from './pull/decision-log.ts';
import type { PullDeps, RulingDeps, UnsignedTag } from './pull/deps.ts';
import { GivenOutMemory } from './pull/give-out.ts';
import { Manifests } from './pull/manifests.ts';
import { withdrawalAlarm } from './pull/withdrawal-alarm.ts';
import { WithdrawalSweep } from './pull/withdrawal-sweep.ts';
import { adminApi } from './server/admin-api.ts';
import { type CountAnswer, registryListener, toListener } from './server/registry-listener.ts';
import { registriesOf } from './server/registries.ts';
import type { Registries } from './server/target.ts';
import { lockDataFolder } from './state/sqlite/lock.ts';
import { openSqliteStore } from './state/sqlite/store.ts';
import type { StateStore } from './state/store.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { countedPeer } from './telemetry/counted-peer.ts';
import { TrustWatch } from './telemetry/trust-watch.ts';
import { BackgroundRefresh } from './trust/background-refresh.ts';
import { clockAhead } from './trust/clock-ahead.ts';
import { Collections } from './trust/collections.ts';
import { nodeCrypto } from './trust/crypto.ts';
import { forwardClock } from './trust/forward-clock.ts';
import { folderSource } from './trust/folder-source.ts';
import type { MetadataSource } from './trust/metadata-source.ts';
import { notarySource } from './trust/notary-source.ts';
import { createTrustService, type TrustServiceOptions } from './trust/service.ts';
import { EVERYTHING } from './trust/collection-name.ts';
import { openCollection } from './trust/open-collection.ts';
import type { Schedule } from './trust/patience.ts';
import type { TrustEvent } from './trust/trust-event.ts';
import { Withdrawals } from './trust/withdrawals.ts';
import { tufFileName } from './trust/tuf-file-name.ts';
import { tufSource } from './trust/tuf-source.ts';
import type { WorkerSettings } from './trust/worker/messages.ts';
import { TrustThread, type TrustThreadOptions } from './trust/worker/thread.ts';
import { createPeer, type Peer } from './upstream/peer.ts';
import { createUpstream } from './upstream/upstream.ts';
import type { UpstreamRegistry } from './upstream/registry.ts';

/** The only place that constructs adapters and hands them down. */
export interface Gate {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly state: StateStore;
  readonly deps: PullDeps;
  readonly trust: TrustServiceOptions;
  readonly registries: Registries;
  readonly registryListener: RequestListener;
  readonly adminListener: RequestListener;
  /** Resolves when every decision so far is in the database. */
  flushDecisions(): Promise<void>;
  /** Resolves when every withdrawal that was seen so far was carried out. */
  settleWithdrawals(): Promise<void>;
  close(): Promise<void>;
}

/** What answers questions without serving: `resolve`, `trust`. The cache belongs to the server and stays closed. */
export interface Judge {
  readonly config: Config;
  readonly state: StateStore;
  readonly trust: TrustServiceOptions;
  readonly deps: RulingDeps;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly log?: Logger;
  /** Epoch milliseconds; the system's clock unless a test brings its own. */
  readonly clock?: () => number;
  /** Milliseconds of a clock that never jumps; the process's own unless a test brings its own. */
  readonly elapsed?: () => number;
  /** Where keys and passphrases may be; the process's own unless a test brings its own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Timers of what goes on in the background; the real ones unless a test brings its own. */
  readonly schedule?: Schedule;
  /** The file that the thread of large collections runs; the built one unless a test brings its own. */
  readonly trustWorker?: URL;
}

const MAX_REMEMBERED_TAGS = 10_000;

export async function composeGate(config: Config, options: ComposeOptions = {}): Promise<Gate> {
  const log = options.log ?? createLogger(config.log);
  const metrics = createMetrics();
  const unlock = lockDataFolder(join(config.data, 'serve.lock'));
  const onDeath = (err: Error): void => log.error({ err }, 'large collections are opened again from the database');
  const large: JudgeOptions['large'] = (parts) =>
    new TrustThread({ ...parts, settings: trustSettings(config), onDeath, entry: options.trustWorker });
  // What happens before it is there it finds by itself.
  const late: { sweep?: WithdrawalSweep } = {};
  const tufSources = new Set([...config.trust.values()].flatMap(({ kind, name }) => (kind === 'tuf' ? [name] : [])));
  const onTrust = (event: TrustEvent): void => late.sweep?.note(event, tufSources);
  const onWithdrawal = (): void => late.sweep?.seen();
  const judge = await composeJudge(config, { ...options, log, metrics, large, onTrust, onWithdrawal });
  const { now } = judge.deps;
  const clock = options.clock ?? Date.now;
  await judge.state.raiseClock(clock());
  const ahead = clockAhead(now(), clock());
  if (ahead !== undefined) log.warn({}, ahead);
  const cache = await openFsBlobStore({
    directory: join(config.data, 'cache'),
    maxBytes: config.cache.maxBytes,
    lowWaterBytes: config.cache.lowWaterBytes,
    now,
  });
  const { onFailure, keepMs, maxBytes } = config.decisions;
  const decisions = new DecisionLog({
    store: judge.state,
    log,
    onFailure,
    keepMs,
    maxBytes,
    now,
    onLost: (count) => metrics.decisionsLost(count),
    onFailed: () => metrics.decisionsFailed(),
  });
  judge.watch.keepAlarmsIn(decisions);
  const { collections } = judge.trust;
  const fresh = keepApprovalsFresh(config, {
    env: options.env ?? process.env,
    now,
    log,
    metrics,
    ...(options.schedule && { schedule: options.schedule }),
  });
  await Promise.all(fresh.map((each) => each.start()));
  const deps = pullDeps(config, judge, cache, decisions, log, metrics);
  const sweep = new WithdrawalSweep({
    withdrawals: judge.withdrawals,
    state: judge.state,
    log,
    // Those who follow a fetch are cut off: what they have of it is of no use without the rest, and they learn why when they ask again.
    async evict(digests, why) {
      await deps.flights.end(digests, why);
      await deps.manifests.drop(digests);
    },
    async tell(withdrawal, why, evicted) {
      const { source, repository, digest } = withdrawal;
      log.error({ source, repository, digest, evicted }, why.message);
      metrics.withdrawn(source);
      await decisions.record(withdrawalAlarm(withdrawal, why, now()));
    },
  });
  late.sweep = sweep;
  const background = new BackgroundRefresh({
    collections,
    always: alwaysAsked(config, judge.trust),
    checkEveryMs: config.freshness.checkEveryMs,
    ...(options.schedule && { schedule: options.schedule }),
  });
  const onFault = (error: unknown): void => log.error({ err: error }, 'a request met a fault of our own');
  const registries = registriesOf(config);
  const count: CountAnswer = (route, status, seconds) => metrics.http(route, status, seconds);
  return {
    config,
    log,
    metrics,
    state: judge.state,
    deps,
    trust: judge.trust,
    registries,
    registryListener: registryListener({ deps, registries, published: publishedFolders(config), count, onFault }),
    adminListener: toListener(
      adminApi({ ready: () => judge.state.check(), metrics: () => metricsText(metrics, cache) }),
    ),
    flushDecisions: () => decisions.flush(),
    settleWithdrawals: () => sweep.settled(),
    async close() {
      await Promise.all(fresh.map((each) => each.close()));
      await background.close();
      await sweep.close();
      await deps.flights.close();
      await deps.manifests.close();
      await cache.close();
      await decisions.close();
      // What expired before now must not come back with a clock that is set back meanwhile.
      try {
        await judge.state.raiseClock(now());
      } finally {
        await judge.close();
        unlock();
      }
    },
  };
}

interface WatchedJudge extends Judge {
  readonly watch: TrustWatch;
  readonly withdrawals: Withdrawals;
}

/** Repositories that speak for all images: what they withdraw must be seen although nobody pulls. */
function alwaysAsked(
  { trust }: Config,
  options: TrustServiceOptions,
): readonly { refreshOlderThan(ms: number): Promise<void> }[] {
  const repositories = [...trust.values()].filter(({ kind }) => kind === 'tuf');
  return repositories.map((source) => {
    const opened = openCollection(options, source, EVERYTHING);
    return { refreshOlderThan: (ms) => options.collections.refresh(opened, ms) };
  });
}

interface JudgeOptions extends ComposeOptions {
  readonly metrics?: Metrics;
  /** Absent in commands: they have nobody whom a large collection could keep waiting. */
  readonly large?: (parts: Pick<TrustThreadOptions, 'now' | 'on'>) => TrustThread;
  readonly onTrust?: (event: TrustEvent) => void;
  /** One was stored that was not known. */
  readonly onWithdrawal?: () => void;
}

export async function composeJudge(config: Config, options: JudgeOptions = {}): Promise<WatchedJudge> {
  // One-off commands print facts on stdout, one JSON document perhaps: what is logged goes beside them.
  const log = options.log ?? createLogger({ ...config.log, level: 'warn' }, process.stderr);
  const metrics = options.metrics ?? createMetrics();
  const state = openSqliteStore(join(config.data, 'tufgate.db'));
  // Only gates and updates raise what is stored: whoever just looks, under a clock that is wrong, must not end what is trusted.
  const elapsed = options.elapsed ?? (() => performance.now());
  const now = forwardClock(await state.highestClock(), options.clock ?? Date.now, elapsed);
  const peers = openPeers(config, now, metrics);
  const watch = new TrustWatch({ log, metrics, now });
  const on = (event: TrustEvent): void => {
    watch.note(event);
    options.onTrust?.(event);
  };
  const large = options.large?.({ now, on });
  const collections = new Collections({ ...trustSettings(config), store: state, now, on, ...(large && { large }) });
  const trust: TrustServiceOptions = {
    sources: config.trust,
    metadata: (source, gun) => metadataSource(source, gun, peers.sources.get(source.name) ?? [], now),
    crypto: nodeCrypto,
    collections,
    store: state,
    now,
  };
  const onSeen = options.onWithdrawal && { onSeen: options.onWithdrawal };
  const withdrawals = new Withdrawals({ ...trust, store: state, ...onSeen });
  return {
    config,
    state,
    trust,
    watch,
    withdrawals,
    deps: {
      policy: policyOf(config),
      trust: createTrustService(trust),
      withdrawals,
      upstreams: peers.upstreams,
      closure: state,
      unsignedTags: rememberTags(),
      basis: createBasis(config.trust),
      now,
      checkEveryMs: config.freshness.checkEveryMs,
      maxManifestBytes: config.limits.manifestBytes,
    },
    async close() {
      await large?.close();
      await peers.close();
      await state.close();
    },
  };
}

function publishedFolders({ trust }: Config): ReadonlyMap<string, string> {
  return new Map(
    [...trust.values()].flatMap((source) =>
      source.kind === 'tuf' && source.publish ? [[source.name, source.publish.folder]] : [],
    ),
  );
}

function trustSettings(config: Config): WorkerSettings {
  return {
    database: join(config.data, 'tufgate.db'),
    checkEveryMs: config.freshness.checkEveryMs,
    staleIfUnreachableMs: config.freshness.staleIfUnreachableMs,
    maxBytes: config.limits.metadataBytes,
  };
}

export function policyOf(config: Config): Policy {
  return compilePolicy(config.policy);
}

function pullDeps(
  config: Config,
  judge: Judge,
  cache: BlobStore,
  decisions: DecisionLog,
  log: Logger,
  metrics: Metrics,
): PullDeps {
  const { now } = judge.deps;
  const cacheUsed = (hit: boolean, bytes: number): void => (hit ? metrics.cacheHit(bytes) : metrics.cacheMiss());
  const onCacheFailure = (error: unknown): void => log.warn({ err: error }, 'the cache failed; the pull goes on');
  return {
    ...judge.deps,
    maxBlobBytes: config.limits.blobBytes,
    manifests: new Manifests({
      cache,
      closure: judge.state,
      maxBytes: config.limits.manifestBytes,
      onCacheFailure,
      cacheUsed,
    }),
    flights: new BlobFlights({
      store: cache,
      now,
      log,
      onIntegrity: (event) => {
        metrics.integrity(event.reason);
        log.error({ event }, 'upstream delivered other bytes than the digest names');
      },
      onFetch: ({ origin, offset }) => {
        if (offset === 0) metrics.upstreamBlob(origin.slice(0, origin.indexOf('/')));
      },
    }),
    givenOut: new GivenOutMemory(judge.state),
    decisions: counted(decisions, metrics),
    cacheUsed,
  };
}

/** Counts what is recorded; the log itself knows no metrics. */
function counted(decisions: DecisionLog, metrics: Metrics): PullDeps['decisions'] {
  return {
    async record(decision) {
      metrics.decision(decision.wouldDeny ? 'would-deny' : decision.verdict, decision.reason);
      await decisions.record(decision);
    },
  };
}

interface Peers {
  readonly upstreams: ReadonlyMap<string, UpstreamRegistry>;
  readonly sources: ReadonlyMap<string, readonly Peer[]>;
  close(): Promise<void>;
}

function openPeers(config: Config, clock: () => number, metrics: Metrics): Peers {
  const connections = config.limits.upstreamConnections;
  const open: Peer[] = [];
  const peer = (name: string, url: URL, peerConfig: PeerConfig): Peer => {
    const made = countedPeer(createPeer({ name, url, config: peerConfig, connections, clock }), metrics);
    open.push(made);
    return made;
  };
  const upstreams = new Map<string, UpstreamRegistry>();
  for (const [name, upstream] of config.upstreams) {
    upstreams.set(name, createUpstream(upstream, peer(name, upstream.url, upstream), { clock }));
  }
  const sources = new Map<string, readonly Peer[]>();
  for (const [name, source] of config.trust) sources.set(name, peersOf(source, peer));
  return {
    upstreams,
    sources,
    async close() {
      await Promise.all(open.map((each) => each.close()));
    },
  };
}

function peersOf(source: TrustSourceConfig, peer: (name: string, url: URL, config: PeerConfig) => Peer): Peer[] {
  return urlsOf(source).map((url) => peer(source.name, url, source));
}

function urlsOf(source: TrustSourceConfig): readonly URL[] {
  if (source.kind === 'notary') return source.urls;
  return source.location.kind === 'http' ? source.location.urls : [];
}

function metadataSource(
  source: TrustSourceConfig,
  gun: string,
  peers: readonly Peer[],
  now: () => number,
): MetadataSource {
  if (source.kind === 'notary') return notarySource(peers, gun);
  if (source.location.kind === 'http') return tufSource(peers);
  return folderSource(source.name, source.location.path, tufFileName, now);
}

function rememberTags(): PullDeps['unsignedTags'] {
  const tags = new Map<string, UnsignedTag>();
  return {
    get: (image) => tags.get(image),
    set(image, tag) {
      if (tags.size >= MAX_REMEMBERED_TAGS) tags.clear();
      tags.set(image, tag);
    },
  };
}

async function metricsText(metrics: Metrics, cache: BlobStore): Promise<string> {
  metrics.cacheUsed(cache.usedBytes);
  return await metrics.text();
}
