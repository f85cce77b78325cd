import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { Reason } from '../errors.ts';
import type { CircuitState } from '../upstream/circuit.ts';
import type { Quota } from '../upstream/quota.ts';
import { type CacheFigures, cacheGauges } from './cache-gauges.ts';
import { expiryGauges } from './expiry-gauges.ts';
import { upstreamGauges } from './upstream-gauges.ts';

/**
 * What `/metrics` shows. The registry is our own, not the library's global one. Labels are bounded: reasons are a closed
 * list, upstreams and sources come from the configuration. Names of collections are shown for the few that end soon;
 * no other label ever holds a name a client chose.
 */
export interface Metrics {
  decision(verdict: 'allow' | 'deny' | 'would-deny', reason?: Reason): void;
  /** Bytes that did not match their digest or length. */
  integrity(reason: Reason): void;
  /** A cached blob that was not what its name says, by a read or in the background. */
  cacheDamaged(): void;
  /** Bytes of the cache hashed in the background. */
  scrubbed(bytes: number): void;
  decisionsLost(count: number): void;
  decisionsFailed(): void;
  cacheHit(bytes: number): void;
  cacheMiss(): void;
  cacheUsage(usage: CacheFigures): void;
  /** @param status HTTP status; absent when there was no answer */
  upstreamRequest(upstream: string, status?: number): void;
  upstreamBlob(upstream: string): void;
  /** What a registry said of its own limit. */
  upstreamQuota(upstream: string, quota: Quota): void;
  upstreamCircuit(upstream: string, state: CircuitState): void;
  trustRefresh(source: string, outcome: 'changed' | 'unchanged' | 'failed' | 'withdrawn'): void;
  trustAlarm(source: string, reason: Reason): void;
  /** A digest that this source took back was evicted. */
  withdrawn(source: string): void;
  /** When the first role ends that a person must sign anew, epoch milliseconds. */
  trustExpires(source: string, gun: string, at: number): void;
  trustForget(source: string, gun: string): void;
  /** When approvals end that have an end, epoch milliseconds. */
  approvalsEnd(source: string, until: readonly number[]): void;
  signedChange(source: string, change: 'new' | 'moved' | 'removed' | 'signer' | 'root', count?: number): void;
  /** @param route a name from the route table, never the path */
  http(route: string, status: number, seconds: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/** Names of routes, should someone pass a path by mistake. */
const MAX_ROUTES = 40;

/** @param now epoch milliseconds */
export function createMetrics(now: () => number = Date.now): Metrics {
  const registry = new Registry();
  // Process memory and time, and the event loop's lag as perf_hooks measures it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const counters = createCounters(registry);
  const seconds = new Histogram({
    name: 'tufgate_http_request_seconds',
    help: 'Time to answer, by route and class of status.',
    labelNames: ['route', 'status'],
    buckets: [0.002, 0.01, 0.05, 0.2, 1, 5, 30, 120],
    registers: [registry],
  });
  const cacheUsage = cacheGauges(registry);
  const expiries = expiryGauges(registry, now);
  const upstreams = upstreamGauges(registry);
  const routeOf = bounded(MAX_ROUTES);
  return {
    decision: (verdict, reason) => counters.decisions.inc({ verdict, reason: reason ?? '' }),
    integrity: (reason) => counters.integrity.inc({ reason }),
    cacheDamaged: () => counters.damaged.inc(),
    scrubbed: (bytes) => counters.scrubbed.inc(bytes),
    decisionsLost: (count) => counters.lost.inc(count),
    decisionsFailed: () => counters.failed.inc(),
    cacheHit: (bytes) => {
      counters.cache.inc({ outcome: 'hit' });
      counters.served.inc(bytes);
    },
    cacheMiss: () => counters.cache.inc({ outcome: 'miss' }),
    cacheUsage,
    upstreamRequest: (upstream, status) => counters.upstream.inc({ upstream, status: statusClass(status) }),
    upstreamBlob: (upstream) => counters.blobs.inc({ upstream }),
    upstreamQuota: upstreams.quota,
    upstreamCircuit: upstreams.circuit,
    trustRefresh: (source, outcome) => counters.refreshes.inc({ source, outcome }),
    trustAlarm: (source, reason) => counters.alarms.inc({ source, reason }),
    withdrawn: (source) => counters.withdrawals.inc({ source }),
    trustExpires: expiries.set,
    trustForget: expiries.forget,
    approvalsEnd: expiries.setApprovals,
    signedChange: (source, change, count = 1) => counters.changes.inc({ source, change }, count),
    http: (route, status, took) => seconds.observe({ route: routeOf(route), status: statusClass(status) }, took),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createCounters(registry: Registry) {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name: `tufgate_${name}`, help, labelNames, registers: [registry] });
  return {
    decisions: counter('decisions_total', 'Decisions by verdict and reason.', 'verdict', 'reason'),
    integrity: counter('integrity_events_total', 'Bytes refused: not what their digest says.', 'reason'),
    damaged: counter('cache_damaged_total', 'Cached blobs found damaged, and put aside.'),
    scrubbed: counter('scrubbed_bytes_total', 'Bytes of the cache hashed again in the background.'),
    lost: counter('decisions_lost_total', 'Decisions that never reached the database.'),
    failed: counter('decision_write_failures_total', 'Failed writes of the decision log.'),
    cache: counter('cache_requests_total', 'Blobs and manifests found in the cache, or not.', 'outcome'),
    served: counter('cache_served_bytes_total', 'Bytes served from the cache.'),
    upstream: counter('upstream_requests_total', 'Requests to upstreams by class of status.', 'upstream', 'status'),
    blobs: counter('upstream_blob_fetches_total', 'Blobs fetched from upstreams.', 'upstream'),
    refreshes: counter('trust_refreshes_total', 'Refreshes of signed metadata.', 'source', 'outcome'),
    alarms: counter('trust_alarms_total', 'Signed metadata that was refused.', 'source', 'reason'),
    withdrawals: counter('withdrawals_total', 'Digests that a source took back, and that were evicted.', 'source'),
    changes: counter(
      'trust_changes_total',
      'Signed tags new, moved or removed, new signers, and new roots.',
      'source',
      'change',
    ),
  };
}

function statusClass(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}

function bounded(most: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.size < most) known.add(name);
    return known.has(name) ? name : 'other';
  };
}
