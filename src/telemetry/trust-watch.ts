import { isReason, type TufgateError } from '../errors.ts';
import { type Decision, UNASKED } from '../policy/decision.ts';
import type { Collection } from '../state/store.ts';
import { EVERYTHING } from '../trust/collection-name.ts';
import type { TrustEvent } from '../trust/trust-event.ts';
import { ExpiryWatch } from './expiry-watch.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { Outages } from './outages.ts';

const MAX_KEYS_TOLD = 20;

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
  private readonly outages = new Outages();
  private readonly expiries: ExpiryWatch;
  private alarms: AlarmLog | undefined;

  constructor(options: TrustWatchOptions) {
    this.options = options;
    this.expiries = new ExpiryWatch(options.log, options.now);
  }

  /** A server keeps alarms in its decision log; one-off commands only print them. */
  keepAlarmsIn(alarms: AlarmLog): void {
    this.alarms = alarms;
  }

  note(event: TrustEvent): void {
    const { log } = this.options;
    const { source, gun } = event.collection;
    switch (event.kind) {
      case 'refreshed':
        this.refreshed(event);
        this.tellOutage(event);
        log.debug({ source, gun, outcome: event.outcome, ms: event.ms }, 'trust data asked for');
        return;
      case 'alarm':
        log.error({ source, gun, code: event.error.code }, event.error.message);
        this.keep(event.collection, event.error);
        return;
      case 'first-use':
        log.warn({ source, gun, keys: event.keys }, 'trusted on first use: pin these root keys if they are right');
        return;
      case 'changed':
        this.count(event);
        this.tellWhoMaySign(event);
        log.info({ source, gun, tags: event.tags, root: event.rootVersion }, 'new trust data verified');
    }
  }

  private refreshed({ collection, outcome, ends, approvalsEnd = [] }: Event<'refreshed'>): void {
    const { metrics } = this.options;
    const { source, gun } = collection;
    metrics.trustRefresh(source, outcome);
    if (collection.gun === EVERYTHING) metrics.approvalsEnd(source, approvalsEnd);
    if (ends === undefined) {
      metrics.trustForget(source, gun);
      return;
    }
    metrics.trustExpires(source, gun, Math.min(...ends.values()));
    this.expiries.note(collection, ends);
  }

  /** Refused credentials are an alarm of their own, and neither begin nor end an outage. */
  private tellOutage({ collection, failure }: Event<'refreshed'>): void {
    const { log } = this.options;
    const { source, gun } = collection;
    if (failure?.code !== 'trust.unreachable') {
      if (this.outages.reached(collection)) log.info({ source }, 'the trust source can be reached again');
    } else if (failure.detail['alarm'] !== true && this.outages.failed(collection)) {
      const then = 'what was verified before serves until it expires or stale_if_unreachable ends';
      log.warn({ source, gun, err: failure }, `the trust source cannot be reached; ${then}`);
    }
  }

  private count({ collection: { source }, tags, newSigners, rootChanged }: Event<'changed'>): void {
    const { metrics } = this.options;
    metrics.signedChange(source, 'moved', tags.moved);
    metrics.signedChange(source, 'new', tags.new);
    metrics.signedChange(source, 'removed', tags.removed);
    metrics.signedChange(source, 'signer', newSigners.length);
    if (rootChanged) metrics.signedChange(source, 'root');
  }

  /** All of it verified, by the keys that were trusted before; whether it was meant only people know. */
  private tellWhoMaySign({
    collection: { source, gun },
    newSigners,
    rootChanged,
    rootVersion,
  }: Event<'changed'>): void {
    const { log } = this.options;
    if (rootChanged)
      log.warn({ source, gun, root: rootVersion }, 'a new root was accepted: see that its publisher meant it');
    if (newSigners.length === 0) return;
    const keys = newSigners.slice(0, MAX_KEYS_TOLD);
    log.warn(
      { source, gun, keys, count: newSigners.length },
      'keys may sign now that could not before: see that its publisher meant it',
    );
  }

  private keep({ source, gun }: Collection, { code, message }: TufgateError): void {
    if (isReason(code)) this.options.metrics.trustAlarm(source, code);
    const kept = this.alarms?.record({
      ...UNASKED,
      at: this.options.now(),
      event: 'alarm',
      request: 'manifest',
      source,
      repository: gun,
      ...(isReason(code) ? { reason: code } : {}),
      message,
    });
    void Promise.resolve(kept).catch((error: unknown) =>
      this.options.log.error({ err: error }, 'an alarm was not kept'),
    );
  }
}

type Event<Kind extends TrustEvent['kind']> = Extract<TrustEvent, { readonly kind: Kind }>;
