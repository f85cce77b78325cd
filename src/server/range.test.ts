import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeUnlessOther, readRange } from './range.ts';

test.each([
  [undefined, { kind: 'whole' }],
  ['bytes=0-', { kind: 'part', start: 0, end: 99 }],
  ['bytes=10-19', { kind: 'part', start: 10, end: 19 }],
  ['bytes=10-500', { kind: 'part', start: 10, end: 99 }],
  ['bytes=-10', { kind: 'part', start: 90, end: 99 }],
  ['bytes=-500', { kind: 'part', start: 0, end: 99 }],
  ['bytes=100-', { kind: 'unsatisfiable' }],
  ['bytes=-0', { kind: 'unsatisfiable' }],
  ['bytes=5-1', { kind: 'whole' }],
  ['bytes=0-1,5-6', { kind: 'whole' }],
  ['lines=1-2', { kind: 'whole' }],
  ['bytes=-', { kind: 'whole' }],
])('%j of 100 bytes', (header, range) => {
  expect(readRange(header, 100)).toEqual(range);
});

test('a part always lies within the blob', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^bytes=[0-9]{0,4}-[0-9]{0,4}$/), fc.nat(2000), (header, size) => {
      const range = readRange(header, size);
      if (range.kind === 'part') expect(0 <= range.start && range.start <= range.end && range.end < size).toBe(true);
    }),
  );
});

const PART = { kind: 'part', start: 10, end: 19 };
test.each([
  [undefined, PART],
  ['"a"', PART],
  [' "a" ', PART],
  ['"b"', { kind: 'whole' }],
  ['W/"a"', { kind: 'whole' }],
  ['"a", "b"', { kind: 'whole' }],
  ['Sat, 21 Nov 2026 12:00:00 GMT', { kind: 'whole' }],
  ['*', { kind: 'whole' }],
  ['', { kind: 'whole' }],
])('If-Range %j for "a"', (ifRange, range) => {
  expect(rangeUnlessOther({ range: 'bytes=10-19', 'if-range': ifRange }, '"a"', 100)).toEqual(range);
});

test('If-Range alone asks for the whole, and one that fits does not make a range of nonsense', () => {
  expect(rangeUnlessOther({ 'if-range': '"a"' }, '"a"', 100)).toEqual({ kind: 'whole' });
  expect(rangeUnlessOther({ range: 'bytes=100-', 'if-range': '"a"' }, '"a"', 100)).toEqual({ kind: 'unsatisfiable' });
  expect(rangeUnlessOther({ range: 'bytes=100-', 'if-range': '"b"' }, '"a"', 100)).toEqual({ kind: 'whole' });
});
