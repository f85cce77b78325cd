import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binFor, isBinOf } from './bins.ts';
import type { Bins } from './model.ts';

const NGINX = 'docker.io/library/nginx:1.27';

describe('bins', () => {
  const bins = (bits: number): Bins => ({ prefix: 'bins', bits, keys: [], threshold: 1 });

  test.each([
    [1, 'bins-0'],
    [3, 'bins-3'],
    [8, 'bins-69'],
    [10, 'bins-1a5'],
    [11, 'bins-34b'],
    [14, 'bins-1a59'],
    [16, 'bins-6965'],
    [32, 'bins-6965a10c'],
  ])('of %i bits hold it in %s', (bits, role) => {
    expect(binFor(bins(bits), NGINX)).toBe(role);
    expect(isBinOf(bins(bits), role)).toBe(true);
  });

  test.each([
    [8, 'bins-6'],
    [8, 'bins-069'],
    [8, 'bins-6G'],
    [8, 'bins-6A'],
    [8, 'bins- 9'],
    [8, 'bins-'],
    [8, 'bins69'],
    [8, 'other-69'],
    [8, 'xbins-69'],
    [8, 'bins_69'],
    [8, 'BINS-69'],
    [10, 'bins-400'],
    [1, 'bins-2'],
  ])('of %i bits have no %s', (bits, role) => {
    expect(isBinOf(bins(bits), role)).toBe(false);
  });

  test('every name has a bin that is one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 32 }), (name, bits) => {
        expect(isBinOf(bins(bits), binFor(bins(bits), name))).toBe(true);
      }),
    );
  });

  test('neighbouring bins of 32 bits are told apart: the last bin is no negative number', () => {
    expect(isBinOf(bins(32), 'bins-ffffffff')).toBe(true);
    expect(isBinOf(bins(31), 'bins-7fffffff')).toBe(true);
    expect(isBinOf(bins(31), 'bins-80000000')).toBe(false);
    const high = Array.from({ length: 50 }, (_, i) => binFor(bins(32), String(i)));
    expect(high.some((role) => role > 'bins-8')).toBe(true);
    expect(high.every((role) => /^bins-[0-9a-f]{8}$/.test(role))).toBe(true);
  });
});
