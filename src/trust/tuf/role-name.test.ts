import { expect, test } from 'vitest';
import { delegatorOf, isDelegationName, pathTo } from './role-name.ts';

test.each(['targets/a', 'targets/releases', 'targets/a/b-c/d_0', `targets/${'a'.repeat(247)}`])(
  '%s is the name of a delegated role',
  (name) => {
    expect(isDelegationName(name)).toBe(true);
  },
);

test.each([
  '',
  'targets',
  'targets/',
  'targets//a',
  'targets/a/',
  'targets/A',
  'targets/..',
  'targets/a.b',
  'targets/a b',
  'targets/ä',
  'xtargets/a',
  'targets/a\n',
  'root/a',
  'targets/a/../b',
  `targets/${'a'.repeat(248)}`,
])('%j is none', (name) => {
  expect(isDelegationName(name)).toBe(false);
});

test('a role is delegated by the one above it', () => {
  expect(delegatorOf('targets/a/b')).toBe('targets/a');
  expect(delegatorOf('targets/a')).toBe('targets');
  expect(delegatorOf('targets')).toBeUndefined();
  expect(pathTo('targets/a/b')).toEqual(['targets', 'targets/a', 'targets/a/b']);
  expect(pathTo('targets')).toEqual(['targets']);
});
