import type { BlobStore } from '../cache/blob-store.ts';
import type { Config } from '../config/config.ts';
import { BlobFlights } from '../pull/blob/flights.ts';
import type { DecisionLog } from '../pull/decision-log.ts';
import type { PullDeps } from '../pull/deps.ts';
import { GivenOutMemory } from '../pull/give-out.ts';
import { Manifests } from '../pull/manifests.ts';
import type { Hashing } from '../verify/hashing.ts';
import { WarmPulls } from '../pull/warm-pulls.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { damageReport } from './damage-report.ts';
import type { Judge } from './judge.ts';

export function pullDeps(
  config: Config,
  judge: Judge,
  cache: BlobStore,
  decisions: DecisionLog,
  { hashing, log, metrics }: { readonly hashing: Hashing; readonly log: Logger; readonly metrics: Metrics },
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
      hashing,
      verifyReads: config.cache.verifyReads,
      finishDownloads: config.cache.finishDownloads,
      onDamaged: damageReport({ decisions, log, metrics, now }),
      onIntegrity: (event) => {
        metrics.integrity(event.reason);
        log.error({ event }, 'upstream delivered other bytes than the digest names');
      },
      onFetch: ({ origin, offset }) => {
        if (offset === 0) metrics.upstreamBlob(origin.slice(0, origin.indexOf('/')));
      },
    }),
    givenOut: new GivenOutMemory(judge.state),
    warm: new WarmPulls(),
    decisions: counted(decisions, metrics),
    cacheUsed,
  };
}

/** Counts what is recorded; the log itself knows no metrics. */
function counted(decisions: DecisionLog, metrics: Metrics): PullDeps['decisions'] {
  return {
    record(decision) {
      metrics.decision(decision.wouldDeny ? 'would-deny' : decision.verdict, decision.reason);
      return decisions.record(decision);
    },
  };
}
