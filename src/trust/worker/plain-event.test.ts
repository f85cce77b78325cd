import { expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { contextOf } from '../../simulator/notary-refresh.ts';
import type { TrustEvent } from '../trust-event.ts';
import { plainError, revived } from './plain-error.ts';
import { type PlainEvent, plainEvent, revivedEvent } from './plain-event.ts';

const name = { source: 'vendor', gun: 'docker.io/library/alpine' };
/** As a collection is opened: most of it cannot travel. */
const collection = { ...name, ctx: contextOf(name.gun), metadata: { fetch: () => Promise.resolve(undefined) } };
const error = new TufgateError('trust.hash', 'other bytes', { detail: { alarm: true } });
const refreshed = { kind: 'refreshed', outcome: 'failed', ms: 5, ends: new Map([['root', 9]]) } as const;
const tags = { new: 1, moved: 2, removed: 3 };
const changed = { kind: 'changed', tags, newSigners: ['aa'], rootVersion: 2, rootChanged: true } as const;

/** There and back again. */
function travelled(event: TrustEvent): TrustEvent {
  return revivedEvent(structuredClone<PlainEvent>(plainEvent(event)));
}

test('an event comes back with the name of its collection alone', () => {
  expect(travelled({ ...refreshed, collection })).toEqual({ ...refreshed, collection: name });
  expect(travelled({ ...changed, collection })).toEqual({ ...changed, collection: name });
  expect(travelled({ kind: 'first-use', keys: ['aa'], collection })).toEqual({
    kind: 'first-use',
    keys: ['aa'],
    collection: name,
  });
});

test('errors come back as errors', () => {
  const alarm = travelled({ kind: 'alarm', collection, error });
  const failed = travelled({ ...refreshed, collection, failure: error });
  expect(alarm).toMatchObject({ kind: 'alarm', collection: name });
  expect(failed).toMatchObject({ ...refreshed, collection: name });
  for (const back of [alarm.kind === 'alarm' && alarm.error, failed.kind === 'refreshed' && failed.failure]) {
    expect(back).toBeInstanceOf(TufgateError);
    expect(back).toMatchObject({ code: 'trust.hash', message: 'other bytes', detail: { alarm: true } });
  }
  expect(travelled({ ...refreshed, collection })).not.toHaveProperty('failure');
});

test('an alarm that lost its error is still one', () => {
  const back = revivedEvent({ event: { kind: 'alarm', collection: name } });
  expect(back.kind === 'alarm' && back.error.code).toBe('internal');
});

test('what is no error of ours is a fault, and its cause stays behind', () => {
  expect(plainError(new Error('a fault'))).toEqual({ code: 'internal', message: 'a fault', detail: {} });
  const back = revived(plainError(new TufgateError('trust.hash', 'x', { cause: new Error('secret') })));
  expect([back.code, back.message, back.cause]).toEqual(['trust.hash', 'x', undefined]);
});
