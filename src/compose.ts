import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { FsBlobStore } from './cache/fs/fs-blob-store.ts';
import { keepApprovalsFresh } from './compose/approvals.ts';
import { openCache } from './compose/cache.ts';
import { composeJudge, type Judge, type JudgeOptions, trustSettings, type WatchedJudge } from './compose/judge.ts';
import type { ComposeOptions } from './compose/options.ts';
import { damageReport } from './compose/damage-report.ts';
import { pullDeps } from './compose/pull-deps.ts';
import type { Config } from './config/config.ts';
import { DecisionLog } from './pull/decision-log.ts';
import type { PullDeps } from './pull/deps.ts';
import { withdrawalAlarm } from './pull/withdrawal-alarm.ts';
import { Scrubber } from './pull/scrubber.ts';
import { WithdrawalSweep } from './pull/withdrawal-sweep.ts';
import { adminApi } from './server/admin-api.ts';
import { HeldBlobs } from './server/held-blobs.ts';
import { registriesOf } from './server/registries.ts';
import { type CountAnswer, registryListener, toListener } from './server/registry-listener.ts';
import type { Registries } from './server/target.ts';
import { lockDataFolder } from './state/sqlite/lock.ts';
import type { StateStore } from './state/store.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { BackgroundRefresh } from './trust/background-refresh.ts';
import { clockAhead } from './trust/clock-ahead.ts';
import { EVERYTHING } from './trust/collection-name.ts';
import { openCollection } from './trust/open-collection.ts';
import { later } from './trust/patience.ts';
import type { TrustServiceOptions } from './trust/service.ts';
import type { TrustEvent } from './trust/trust-event.ts';
import { TrustThread } from './trust/worker/thread.ts';
import { HashThread } from './verify/thread/thread.ts';

/** The only place that constructs adapters and hands them down. */
export interface Gate {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly state: StateStore;
  readonly deps: PullDeps;
  readonly cache: FsBlobStore;
  readonly trust: TrustServiceOptions;
  readonly registries: Registries;
  readonly registryListener: RequestListener;
  /** For a web server with an internal location of this prefix, which sends cached blobs itself. */
  readonly handOffListener: (prefix: string) => RequestListener;
  readonly adminListener: RequestListener;
  /** Resolves when every decision so far is in the database. */
  flushDecisions(): Promise<void>;
  /** Resolves when every withdrawal that was seen so far was carried out. */
  settleWithdrawals(): Promise<void>;
  close(): Promise<void>;
}

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
  const cache = await openCache(config, judge.state, now, log);
  const decisions = openDecisions(config, judge, log, metrics);
  judge.watch.keepAlarmsIn(decisions);
  const fresh = keepApprovalsFresh(config, { ...options, now, log, metrics });
  await Promise.all(fresh.map((each) => each.start()));
  const hashing = new HashThread({
    onDeath: (err) => log.error({ err }, 'blobs are hashed on a new thread; what was being hashed is hashed again'),
    entry: options.hashWorker,
  });
  const deps = pullDeps(config, judge, cache, decisions, { hashing, log, metrics });
  const scrubber = new Scrubber({
    store: cache,
    hashing,
    bytesPerSecond: config.cache.scrubBytesPerSecond,
    now,
    damaged: damageReport({ decisions, log, metrics, now }),
    scrubbed: (bytes) => metrics.scrubbed(bytes),
    log,
    ...(options.scrubSchedule && { schedule: options.scrubSchedule }),
  });
  const sweep = openSweep(judge, deps, decisions, log, metrics);
  late.sweep = sweep;
  const background = new BackgroundRefresh({
    collections: judge.trust.collections,
    always: alwaysAsked(config, judge.trust),
    checkEveryMs: config.freshness.checkEveryMs,
    ...(options.schedule && { schedule: options.schedule }),
  });
  const onFault = (error: unknown): void => log.error({ err: error }, 'a request met a fault of our own');
  const registries = registriesOf(config);
  const count: CountAnswer = (route, status, seconds) => metrics.http(route, status, seconds);
  const serving = { deps, registries, published: publishedFolders(config), count, onFault };
  const held = new HeldBlobs(options.schedule ?? later, onFault);
  return {
    config,
    log,
    metrics,
    state: judge.state,
    deps,
    cache,
    trust: judge.trust,
    registries,
    registryListener: registryListener(serving),
    handOffListener: (prefix) => registryListener({ ...serving, handOff: { prefix, held } }),
    adminListener: toListener(
      adminApi({ ready: () => judge.state.check(), metrics: () => metricsText(metrics, cache) }),
    ),
    flushDecisions: () => decisions.flush(),
    settleWithdrawals: () => sweep.settled(),
    async close() {
      held.close();
      await Promise.all(fresh.map((each) => each.close()));
      await background.close();
      await sweep.close();
      await scrubber.close();
      await deps.flights.close();
      await hashing.close();
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

function openDecisions(config: Config, judge: Judge, log: Logger, metrics: Metrics): DecisionLog {
  return new DecisionLog({
    ...config.decisions,
    store: judge.state,
    log,
    now: judge.deps.now,
    onLost: (count) => metrics.decisionsLost(count),
    onFailed: () => metrics.decisionsFailed(),
  });
}

function openSweep(
  { withdrawals, state, deps: { now } }: WatchedJudge,
  deps: PullDeps,
  decisions: DecisionLog,
  log: Logger,
  metrics: Metrics,
): WithdrawalSweep {
  return new WithdrawalSweep({
    withdrawals,
    state,
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
}

/** Repositories that speak for all images: what they withdraw must be seen although nobody pulls. One not made yet says nothing. */
function alwaysAsked(
  { trust }: Config,
  options: TrustServiceOptions,
): readonly { refreshOlderThan(ms: number): Promise<void> }[] {
  const repositories = [...trust.values()].filter((source) => source.kind === 'tuf' && source.root.bytes.length > 0);
  return repositories.map((source) => {
    const opened = openCollection(options, source, EVERYTHING);
    return { refreshOlderThan: (ms) => options.collections.refresh(opened, ms) };
  });
}

function publishedFolders({ trust }: Config): ReadonlyMap<string, string> {
  return new Map(
    [...trust.values()].flatMap((source) =>
      source.kind === 'tuf' && source.publish ? [[source.name, source.publish.folder]] : [],
    ),
  );
}

async function metricsText(metrics: Metrics, cache: FsBlobStore): Promise<string> {
  metrics.cacheUsage(cache.usage());
  return await metrics.text();
}

export { composeJudge, type Judge, policyOf } from './compose/judge.ts';
export type { ComposeOptions } from './compose/options.ts';
