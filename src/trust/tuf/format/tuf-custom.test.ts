import { expect, test } from 'vitest';
import { readJson } from '../../../json/read.ts';
import { readCustom } from './tuf-custom.ts';

const LIMITS = { depth: 32, values: 1_000, integersOnly: true };
const read = (custom: unknown) => readCustom('x', readJson(Buffer.from(JSON.stringify(custom)), LIMITS));
const said = (tufgate: unknown) => read({ tufgate });
const AT = Date.parse('2026-11-27T09:16:10Z');
const NOON = '2026-11-27T09:16:10Z';

test('an end and a withdrawal are read', () => {
  expect(said({ until: NOON, by: 'x', approved: NOON })).toEqual({ until: AT });
  expect(said({ revoked: NOON, by: 'alice', reason: 'CVE-1' })).toEqual({
    revoked: { at: AT, by: 'alice', reason: 'CVE-1' },
  });
});

test('what is not said is not there', () => {
  expect(said({ revoked: NOON })).toStrictEqual({ revoked: { at: AT } });
  expect(said({ revoked: NOON, by: 'alice' })).toStrictEqual({ revoked: { at: AT, by: 'alice' } });
  expect(said({ revoked: NOON, reason: 'CVE-1' })).toStrictEqual({ revoked: { at: AT, reason: 'CVE-1' } });
  expect(said({ by: 'alice' })).toStrictEqual({});
});

test.each([undefined, 5, null, 'text', [], {}, { oci: {} }, { TUFGATE: { until: 'x' } }])(
  'what belongs to others (%j) is nothing to us',
  (custom) => expect(custom === undefined ? readCustom('x', undefined) : read(custom)).toEqual({}),
);

test.each([
  ['a number', 5],
  ['null', null],
  ['a list', []],
  ['an end that is none', { until: '2026-11-27' }],
  ['an end of another form', { until: '2026-11-27T09:16:10.0Z' }],
  ['an end in another zone', { until: '2026-11-27T09:16:1+01:00' }],
  ['an end on no day', { until: '2026-11-31T09:16:10Z' }],
  ['an end that is null', { until: null }],
  ['two spellings of an end', { until: NOON, Until: NOON }],
])('%s makes the approval unusable', (_, tufgate) => expect(said(tufgate)).toEqual({ unreadable: 'approval' }));

test.each([
  ['no instant', { revoked: 'yes' }],
  ['a flag', { revoked: true }],
  ['false', { revoked: false }],
  ['null', { revoked: null }],
  ['two spellings', { revoked: NOON, Revoked: NOON }],
  ['another spelling', { REVOKED: NOON }],
  ['no instant, beside other words', { by: 'alice', revoked: 'yes' }],
])('a withdrawal with %s is no approval, and known to be a withdrawal', (_, tufgate) =>
  expect(said(tufgate)).toEqual({ unreadable: 'withdrawal' }),
);

test('a withdrawal holds whatever its other words are worth', () => {
  expect(said({ revoked: NOON, until: 'never', by: 5, reason: ['x'] })).toEqual({ revoked: { at: AT } });
});

test('what people wrote is bounded and printable', () => {
  const reason = `a\u001b[31m\r\nb\u202ec${'x'.repeat(1_000)}`;
  const { revoked } = said({ revoked: NOON, by: ' \t ', reason });
  expect(revoked?.by).toBe('?');
  expect(revoked?.reason).toMatch(/^a\?\[31m\?\?b\?cx+$/);
  expect(revoked?.reason).toHaveLength(200);
  // Not half of a character at the end.
  expect(said({ revoked: NOON, reason: `${'x'.repeat(199)}\u{1f600}` }).revoked?.reason).toBe(`${'x'.repeat(199)}?`);
  expect(said({ revoked: NOON, by: '   ' }).revoked).toEqual({ at: AT });
});
