import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Reason } from '../errors.ts';

/**
 * What `/metrics` shows. The registry is our own, not the library's global one. Labels are bounded: reasons are a closed
 * list, upstreams and sources come from the configuration, and no label ever holds a name a client chose.
 */
export interface Metrics {
  decision(verdict: 'allow' | 'deny' | 'would-deny', reason?: Reason): void;
  /** Bytes that did not match their digest or length. */
  integrity(reason: Reason): void;
  decisionsLost(count: number): void;
  decisionsFailed(): void;
  cacheHit(bytes: number): void;
  cacheMiss(): void;
  /** Bytes kept now. */
  cacheUsed(bytes: number): void;
  /** @param status HTTP status; absent when there was no answer */
  upstreamRequest(upstream: string, status?: number): void;
  upstreamBlob(upstream: string): void;
  trustRefresh(source: string, outcome: 'changed' | 'unchanged' | 'failed' | 'withdrawn'): void;
  trustAlarm(source: string, reason: Reason): void;
  /** When the first role of this collection expires, epoch milliseconds; the nearest of a source is shown. */
  trustExpires(source: string, gun: string, at: number): void;
  trustForget(source: string, gun: string): void;
  signedChange(source: string, change: 'new' | 'moved' | 'removed' | 'root', count?: number): void;
  /** @param route a name from the route table, never the path */
  http(route: string, status: number, seconds: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

const DAY_MS = 86_400_000;
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
  const used = new Gauge({ name: 'tufgate_cache_bytes', help: 'Bytes kept in the cache.', registers: [registry] });
  const expiries = expiryGauge(registry, now);
  const routeOf = bounded(MAX_ROUTES);
  return {
    decision: (verdict, reason) => counters.decisions.inc({ verdict, reason: reason ?? '' }),
    integrity: (reason) => counters.integrity.inc({ reason }),
    decisionsLost: (count) => counters.lost.inc(count),
    decisionsFailed: () => counters.failed.inc(),
    cacheHit: (bytes) => {
      counters.cache.inc({ outcome: 'hit' });
      counters.served.inc(bytes);
    },
    cacheMiss: () => counters.cache.inc({ outcome: 'miss' }),
    cacheUsed: (bytes) => used.set(bytes),
    upstreamRequest: (upstream, status) => counters.upstream.inc({ upstream, status: statusClass(status) }),
    upstreamBlob: (upstream) => counters.blobs.inc({ upstream }),
    trustRefresh: (source, outcome) => counters.refreshes.inc({ source, outcome }),
    trustAlarm: (source, reason) => counters.alarms.inc({ source, reason }),
    trustExpires: expiries.set,
    trustForget: expiries.forget,
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
    lost: counter('decisions_lost_total', 'Decisions that never reached the database.'),
    failed: counter('decision_write_failures_total', 'Failed writes of the decision log.'),
    cache: counter('cache_requests_total', 'Blobs and manifests found in the cache, or not.', 'outcome'),
    served: counter('cache_served_bytes_total', 'Bytes served from the cache.'),
    upstream: counter('upstream_requests_total', 'Requests to upstreams by class of status.', 'upstream', 'status'),
    blobs: counter('upstream_blob_fetches_total', 'Blobs fetched from upstreams.', 'upstream'),
    refreshes: counter('trust_refreshes_total', 'Refreshes of signed metadata.', 'source', 'outcome'),
    alarms: counter('trust_alarms_total', 'Signed metadata that was refused.', 'source', 'reason'),
    changes: counter('trust_changes_total', 'Signed tags new, moved or removed, and new roots.', 'source', 'change'),
  };
}

/** The nearest expiry a source; computed when asked for, so that it also counts down while nothing happens. */
function expiryGauge(registry: Registry, now: () => number) {
  const instants = new Map<string, Map<string, number>>();
  new Gauge({
    name: 'tufgate_trust_expires_days',
    help: 'Days until the first role of a source expires; negative when it has.',
    labelNames: ['source'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [source, collections] of instants) {
        const nearest = [...collections.values()].reduce((a, b) => Math.min(a, b), Infinity);
        if (nearest !== Infinity) this.set({ source }, (nearest - now()) / DAY_MS);
      }
    },
  });
  return {
    set: (source: string, gun: string, at: number) => {
      const collections = instants.get(source) ?? new Map<string, number>();
      instants.set(source, collections.set(gun, at));
    },
    forget: (source: string, gun: string) => void instants.get(source)?.delete(gun),
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
