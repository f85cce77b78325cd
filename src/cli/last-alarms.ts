import type { Collection, DecisionStore } from '../state/store.ts';
import { collectionKey } from '../trust/collection-name.ts';

/** What a gate last found wrong with a collection. */
export interface Alarm {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly code: string;
  readonly message: string;
}

export type LastAlarm = (collection: Collection) => Alarm | undefined;

/** Alarms that are read back, the newest first; what is older than these is not news. */
const MAX_READ = 10_000;

/** From the decision log. What operators did stands there too, without a source. */
export async function lastAlarms(store: DecisionStore): Promise<LastAlarm> {
  const newest = new Map<string, Alarm>();
  // The newest come last, and stay.
  for (const { at, source, repository, reason, message } of await store.decisions({ event: 'alarm', limit: MAX_READ }))
    if (source !== undefined && reason !== undefined)
      newest.set(collectionKey({ source, gun: repository }), { at, code: reason, message: message ?? '' });
  return (collection) => newest.get(collectionKey(collection));
}
