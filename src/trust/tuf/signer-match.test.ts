import { expect, test } from 'vitest';
import { distinctSigners } from './signer-match.ts';

test.each<[string, Record<string, readonly string[]>, number]>([
  ['nobody', {}, 0],
  ['a role without keys', { a: [] }, 0],
  ['one role', { a: ['1'] }, 1],
  ['one role by two keys', { a: ['1', '2'] }, 1],
  ['two roles by one key: one signature is not two', { a: ['1'], b: ['1'] }, 1],
  ['two roles by a key each', { a: ['1'], b: ['2'] }, 2],
  ['two roles that share a key, one of which has another', { a: ['1', '2'], b: ['1'] }, 2],
  ['the same the other way round', { a: ['1'], b: ['1', '2'] }, 2],
  ['three roles by two keys', { a: ['1'], b: ['1', '2'], c: ['2'] }, 2],
  ['three, of which two share their only key', { a: ['1'], b: ['1'], c: ['2', '3'] }, 2],
  ['a chain that must give way twice', { a: ['1', '2'], b: ['2', '3'], c: ['1', '2'], d: ['1'] }, 3],
  ['a chain that can give way twice', { a: ['1', '2'], b: ['1', '3'], c: ['1'] }, 3],
])('%s', (_, roles, expected) => {
  expect(distinctSigners(new Map(Object.entries(roles)))).toBe(expected);
});
