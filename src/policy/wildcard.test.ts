import { expect, test } from 'vitest';
import { matchesSegments, matchesText } from './wildcard.ts';

test.each([
  ['a*bb*c', 'abbc', true],
  ['a*bb*c', 'axbbxc', true],
  ['a*bb*c', 'axc', false],
  ['a*bb*c', 'abc', false],
  ['a*bb*c', 'abb', false],
  ['*bb*', 'x', false],
])('what stands between the stars of %j must stand in %j: %s', (pattern, text, expected) => {
  expect(matchesText(pattern.split('*'), text)).toBe(expected);
});

test.each([
  ['a/**/b/b/**/c', 'a/x/b/b/x/c', true],
  ['a/**/b/b/**/c', 'a/x/b/x/x/c', false],
  ['a/**/b/b/**/c', 'a/x/c', false],
  ['a/**/b/b/**/c', 'a/x/x/x/x/c', false],
])('what stands between the double stars of %j must stand in %j: %s', (pattern, name, expected) => {
  const runs = pattern.split('/**/').map((run) => run.split('/').map((segment) => segment.split('*')));
  expect(matchesSegments(runs, name.split('/'))).toBe(expected);
});
