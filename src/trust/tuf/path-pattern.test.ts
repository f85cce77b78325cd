import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptable, matches } from './path-pattern.ts';

const NGINX = 'docker.io/library/nginx:1.27';

describe('a path pattern', () => {
  test.each([
    ['docker.io/library/nginx:*', NGINX],
    ['docker.io/*/*', NGINX],
    ['*/*/*', NGINX],
    ['docker.io/library/nginx:1.2?', NGINX],
    ['docker.io/library/nginx:1.2[0-9]', NGINX],
    ['docker.io/library/nginx:1.2[!0-6]', NGINX],
    ['*', '.hidden'],
    ['?', '😀'],
    ['[😀-😂]', '😁'],
    ['*', ''],
    ['**', 'ab'],
    ['*a*b*', 'xxaxxbxx'],
    ['*ab', 'aab'],
    ['a*', 'a'],
    ['foo (1).txt', 'foo (1).txt'],
    ['a]', 'a]'],
    ['x#!', 'x#!'],
    ['[#a]', '#'],
    ['?x', '\uffffx'],
    ['', ''],
    ['/a', '/a'],
  ])('%j is taken and matches %j', (pattern, name) => {
    expect(acceptable(pattern)).toBe(true);
    expect(matches(pattern, name)).toBe(true);
  });

  test.each([
    ['docker.io/library/nginx:*', 'docker.io/library/nginx-x:1'],
    ['docker.io/library/nginx:*', 'docker.io/library/nginx:1/x'],
    ['docker.io/library/*', 'docker.io/library/nginx/x:1'],
    ['docker.io/library/*', 'docker.io/library'],
    ['docker.io/library/nginx:*', 'docker.io/library/NGINX:1'],
    ['*', 'a/b'],
    ['?', '/'],
    ['a?c', 'a/c'],
    ['[!x]', '/'],
    ['?', ''],
    ['?', 'ab'],
    ['[a-c]', 'd'],
    ['[!a-c]', 'b'],
    ['[a-c]', '-'],
    ['**', 'a/b'],
    ['*a', 'ab'],
    ['', 'a'],
    ['a', ''],
    ['a', 'a/'],
    ['*.doc', 'a.docx'],
    ['bax]', 'a'],
    ['b[ax]', 'x'],
    ['b[ax]', 'xa'],
    ['[😀-😁]', '\ude01'],
  ])('%j does not match %j', (pattern, name) => {
    expect(acceptable(pattern)).toBe(true);
    expect(matches(pattern, name)).toBe(false);
  });

  test.each([
    '{a,b}',
    'a}',
    'a\\*',
    '!a',
    'x/!a',
    '#a',
    'x/#a',
    '+(a)',
    'x@(a)',
    '?(a)',
    '*(a)',
    'a!(b)',
    '[a',
    '[ab',
    '[^-a]',
    '[a-^]',
    '[\u0000-]',
    'x[',
    '[]',
    '[!]',
    '[]a]',
    '[^a]',
    '[a^]',
    '[a!]',
    '[a-]',
    '[-a]',
    '[a-c-e]',
    '[z-a]',
    '[[:alpha:]]',
    '[a/b]',
    '[!!a]',
  ])('%j means different things to different clients and is not taken', (pattern) => {
    expect(acceptable(pattern)).toBe(false);
  });

  test.each(['[', '[a', '[ab', 'x/[]'])('%j, which cannot be read, matches nothing, not even itself', (pattern) => {
    for (const name of [pattern, 'a', '', 'x/a']) expect(matches(pattern, name)).toBe(false);
  });

  test('without wildcards matches itself alone', () => {
    const plain = fc.string({ unit: fc.constantFrom('a', 'B', '/', ':', '.', '-', '😀') });
    fc.assert(
      fc.property(plain, plain, (pattern, name) => {
        expect(matches(pattern, pattern)).toBe(true);
        expect(matches(pattern, name)).toBe(pattern === name);
      }),
    );
  });

  test('of stars and letters agrees with a matcher that tries everything', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '/'), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, name, (pattern, name) => {
        expect(matches(pattern, name)).toBe(tried(pattern, name));
      }),
      { numRuns: 2_000 },
    );
  });

  test('that cannot be taken matches nothing it was not written for, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (pattern, name) => {
        expect(typeof acceptable(pattern)).toBe('boolean');
        expect(typeof matches(pattern, name)).toBe('boolean');
      }),
    );
  });

  test.each([
    ['200 stars', '*'.repeat(200) + 'x'],
    ['200 stars with letters', '*a'.repeat(200) + 'x'],
    ['a long literal after a star', `*${'a'.repeat(250)}x`],
  ])('of %s against a long name costs next to nothing', (_, pattern) => {
    const name = 'a'.repeat(400);
    matches(pattern, name);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(matches(pattern, name)).toBe(false);
      return performance.now() - start;
    });
    // Under a few milliseconds; the rest is for a busy machine. A matcher that tries everything would not come back.
    expect(Math.min(...times)).toBeLessThan(500);
  });
});

describe('what matching costs', () => {
  function costOf(pattern: string, name: string): number {
    let cost = 0;
    matches(pattern, name, { spend: (count) => void (cost += count) });
    return cost;
  }

  test.each([
    ['of another repository', 'docker.io/library/alpine:*', 'docker.io/library/nginx:1', 19],
    ['that matches', 'docker.io/library/*', 'docker.io/library/nginx', 24],
    ['that nearly matches', '*aab', 'aaaa', 9],
    ['with a class', '[a-c][a-c]x', 'aby', 11],
  ])('of a pattern %s is counted by the character', (_, pattern, name, cost) => {
    expect(costOf(pattern, name)).toBe(cost);
  });

  test('is what ends a comparison, wherever it stands', () => {
    const spend = (): never => {
      throw new Error('too much');
    };
    expect(() => matches('*', 'a', { spend })).toThrow('too much');
  });
});

/** The definition itself, exponential. */
function tried(pattern: string, name: string): boolean {
  const [wanted, ...later] = pattern;
  const [char, ...rest] = name;
  const [p, n] = [later.join(''), rest.join('')];
  if (wanted === undefined) return char === undefined;
  if (wanted === '*') return tried(p, name) || (char !== undefined && char !== '/' && tried(pattern, n));
  if (char === undefined) return false;
  return (wanted === char || (wanted === '?' && char !== '/')) && tried(p, n);
}
