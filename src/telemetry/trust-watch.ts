import { isReason, type TufgateError } from '../errors.ts';
import type { Decision } from '../policy/decision.ts';
import type { Collection } from '../state/store.ts';
import type { TrustEvent } from '../trust/collections.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Where alarms are kept beside the decisions. */
export interface AlarmLog {
  record(decision: Decision): void | Promise<void>;
}

export interface TrustWatchOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Makes what happens to trust visible: refreshes, alarms, first use, and every signed change. */
export class TrustWatch {
  private readonly options: TrustWatchOptions;
  private alarms: AlarmLog | undefined;

  constructor(options: TrustWatchOptions) {
    this.options = options;
  }

  /** A server keeps alarms in its decision log; one-off commands only print them. */
  keepAlarmsIn(alarms: AlarmLog): void {
    this.alarms = alarms;
  }

  note(event: TrustEvent): void {
    const { log, metrics } = this.options;
    const { source, gun } = event.collection;
    switch (event.kind) {
      case 'refreshed':
        metrics.trustRefreshed(source, event.outcome);
        log.debug({ source, gun, outcome: event.outcome, ms: event.ms }, 'trust data asked for');
        return;
      case 'alarm':
        log.error({ source, gun, code: event.error.code }, event.error.message);
        if (isReason(event.error.code)) metrics.trustAlarm(event.error.code);
        this.keep(event.collection, event.error);
        return;
      case 'first-use':
        log.warn({ source, gun, keys: event.keys }, 'trusted on first use: pin these root keys if they are right');
        return;
      case 'changed':
        metrics.signedChanges(source, event.began.length, event.ended.length);
        log.info(
          { source, gun, began: event.began.length, ended: event.ended.length, root: event.rootVersion },
          'new trust data verified',
        );
    }
  }

  private keep({ gun }: Collection, { code, message }: TufgateError): void {
    const base = { at: this.options.now(), event: 'alarm', request: 'manifest', method: '', repository: gun } as const;
    const kept = this.alarms?.record({
      ...base,
      client: { address: '', userAgent: '' },
      verdict: 'deny',
      mode: 'enforce',
      wouldDeny: false,
      ...(isReason(code) ? { reason: code } : {}),
      message,
      sources: [],
    });
    void Promise.resolve(kept).catch((error: unknown) =>
      this.options.log.error({ err: error }, 'an alarm was not kept'),
    );
  }
}
