import { damageRecord } from '../pull/damage-record.ts';
import type { DamageEvent } from '../pull/blob/flights.ts';
import type { DecisionLog } from '../pull/decision-log.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface DamageReportParts {
  readonly decisions: DecisionLog;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A cached blob that was found damaged, by a read or by the scrubber: in the log, the metrics and the decision log. */
export function damageReport({ decisions, log, metrics, now }: DamageReportParts): (event: DamageEvent) => void {
  return (event) => {
    metrics.cacheDamaged();
    log.warn({ digest: event.digest, size: event.size }, event.message);
    void decisions.record(damageRecord(event, now())).catch((error: unknown) => {
      log.error({ err: error, digest: event.digest }, 'a damaged blob could not be recorded');
    });
  };
}
