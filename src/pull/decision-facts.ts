import type { Decision, SourceVerdict } from '../policy/decision.ts';

/** A decision for the outside: instants as ISO 8601, Maps as objects (built by `fromEntries`: `__proto__` stays a name). */
export function decisionFacts(decision: Decision): Record<string, unknown> {
  return { ...decision, at: iso(decision.at), sources: decision.sources.map(sourceFacts) };
}

export function sourceFacts(source: SourceVerdict): Record<string, unknown> {
  const { checkedAt, until } = source;
  return {
    ...source,
    versions: Object.fromEntries(source.versions),
    expires: Object.fromEntries([...source.expires].map(([role, at]) => [role, iso(at)])),
    ...(until === undefined ? {} : { until: iso(until) }),
    ...(checkedAt === undefined ? {} : { checkedAt: iso(checkedAt) }),
  };
}

/** @param at epoch milliseconds */
export function iso(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}
