import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { compilePolicy, type Policy } from '../policy/rules.ts';
import { createBasis } from '../pull/basis.ts';
import { KnownCovers } from '../pull/known-covers.ts';
import type { PullDeps, RulingDeps, UnsignedTag } from '../pull/deps.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { TrustWatch } from '../telemetry/trust-watch.ts';
import { Collections } from '../trust/collections.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import { forwardClock } from '../trust/forward-clock.ts';
import { createTrustService, type TrustServiceOptions } from '../trust/service.ts';
import type { TrustEvent } from '../trust/trust-event.ts';
import { Withdrawals } from '../trust/withdrawals.ts';
import type { WorkerSettings } from '../trust/worker/messages.ts';
import type { TrustThread, TrustThreadOptions } from '../trust/worker/thread.ts';
import type { ComposeOptions } from './options.ts';
import { metadataSource, openPeers } from './peers.ts';

/** What answers questions without serving: `resolve`, `trust`. The cache belongs to the server and stays closed. */
export interface Judge {
  readonly config: Config;
  readonly state: StateStore;
  readonly trust: TrustServiceOptions;
  readonly deps: RulingDeps;
  close(): Promise<void>;
}

export interface WatchedJudge extends Judge {
  readonly watch: TrustWatch;
  readonly withdrawals: Withdrawals;
}

export interface JudgeOptions extends ComposeOptions {
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
  const peers = openPeers(config, { clock: now, metrics, log });
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
      covers: new KnownCovers(),
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

export function trustSettings(config: Config): WorkerSettings {
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

const MAX_REMEMBERED_TAGS = 10_000;

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
