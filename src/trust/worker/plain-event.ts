import type { TrustEvent } from '../trust-event.ts';
import { type PlainError, plainError, revived } from './plain-error.ts';

type WithoutErrors<Event> = Event extends TrustEvent ? Omit<Event, 'error' | 'failure'> : never;

/** An event as it travels between threads. */
export interface PlainEvent {
  readonly event: WithoutErrors<TrustEvent>;
  readonly error?: PlainError;
}

/** Of the collection only its name: the rest of it cannot travel. */
export function plainEvent(event: TrustEvent): PlainEvent {
  const { source, gun } = event.collection;
  const collection = { source, gun };
  switch (event.kind) {
    case 'refreshed': {
      const { failure, ...rest } = event;
      return { event: { ...rest, collection }, ...(failure && { error: plainError(failure) }) };
    }
    case 'alarm':
      return { event: { kind: 'alarm', collection }, error: plainError(event.error) };
    case 'first-use':
    case 'changed':
      return { event: { ...event, collection } };
  }
}

export function revivedEvent({ event, error }: PlainEvent): TrustEvent {
  switch (event.kind) {
    case 'refreshed':
      return error === undefined ? event : { ...event, failure: revived(error) };
    case 'alarm':
      return { ...event, error: revived(error ?? plainError(undefined)) };
    case 'first-use':
    case 'changed':
      return event;
  }
}
