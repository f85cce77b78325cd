import { expect, test } from 'vitest';
import { type Reason, TufgateError } from '../errors.ts';
import { errorAnswer } from './error-response.ts';

const waitOf = (reason: Reason, detail = {}): string | undefined =>
  errorAnswer(new TufgateError(reason, 'no', { detail })).headers['retry-after'];

test('who is told to come back is told when, where anybody knows', () => {
  expect(waitOf('upstream.rate-limited', { retryAfter: 119.2 })).toBe('120');
  expect(waitOf('upstream.unreachable', { retryAfter: 7 })).toBe('7');
  expect(waitOf('trust.unreachable')).toBe('10');
  expect(waitOf('upstream.rate-limited', { retryAfter: 'soon' })).toBe('10');
});

test('what nobody knows when to ask for again, or what is refused, gets no time', () => {
  expect(waitOf('upstream.unreachable')).toBeUndefined();
  expect(waitOf('policy.denied')).toBeUndefined();
  expect(waitOf('upstream.not-found', { retryAfter: -1 })).toBeUndefined();
});
