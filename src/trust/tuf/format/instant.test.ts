import { expect, test } from 'vitest';
import { parseInstant } from './instant.ts';

test.each([
  ['2026-11-21T10:11:12Z', '2026-11-21T10:11:12.000Z'],
  ['2026-11-21T10:11:12.5Z', '2026-11-21T10:11:12.500Z'],
  ['2026-11-21T10:11:12.123999999Z', '2026-11-21T10:11:12.123Z'],
  ['2026-11-21T10:11:12+02:30', '2026-11-21T07:41:12.000Z'],
  ['2026-11-21T10:11:12.250-02:30', '2026-11-21T12:41:12.250Z'],
  ['2026-11-21T10:11:12+23:59', '2026-11-20T10:12:12.000Z'],
  ['2026-11-21T23:59:59Z', '2026-11-21T23:59:59.000Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['0001-01-31T00:00:00Z', '0001-01-31T00:00:00.000Z'],
  ['2026-12-31T00:00:00Z', '2026-12-31T00:00:00.000Z'],
])('%s is %s', (text, expected) => {
  expect(new Date(parseInstant(text)!).toISOString()).toBe(expected);
});

test.each([
  ['no zone', '2026-11-21T10:11:12'],
  ['small letters', '2026-11-21t10:11:12z'],
  ['a space', '2026-11-21 10:11:12Z'],
  ['a space before', ' 2026-11-21T10:11:12Z'],
  ['something behind', '2026-11-21T10:11:12Z0'],
  ['an empty fraction', '2026-11-21T10:11:12.Z'],
  ['ten digits of fraction', '2026-11-21T10:11:12.1234567890Z'],
  ['a year of five digits', '12026-11-21T10:11:12Z'],
  ['a sign before the year', '-2026-11-21T10:11:12Z'],
  ['month 0', '2026-00-21T10:11:12Z'],
  ['month 13', '2026-13-21T10:11:12Z'],
  ['day 0', '2026-11-00T10:11:12Z'],
  ['a day that the month does not have', '2026-02-29T10:11:12Z'],
  ['a day that falls into the same month of another year', '2026-11-99T10:11:12Z'],
  ['hour 24', '2026-11-21T24:00:00Z'],
  ['minute 60', '2026-11-21T10:60:12Z'],
  ['a leap second', '2026-12-31T23:59:60Z'],
  ['a zone of 24 hours', '2026-11-21T10:11:12+24:00'],
  ['a zone of 60 minutes', '2026-11-21T10:11:12+00:60'],
  ['a zone without a colon', '2026-11-21T10:11:12+0000'],
  ['a zone without minutes', '2026-11-21T10:11:12+00'],
  ['a zone after Z', '2026-11-21T10:11:12Z+00:00'],
  ['one digit', '2026-11-21T1:11:12Z'],
  ['nothing', ''],
  ['words', 'never'],
])('%s is no instant: such a file is refused, and does not live for ever', (_, text) => {
  expect(parseInstant(text)).toBeUndefined();
});
