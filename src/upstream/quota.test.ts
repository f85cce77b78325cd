import { expect, test } from 'vitest';
import { quotaOf } from './quota.ts';

const said = (limit: string, remaining: string) =>
  quotaOf(
    new Map([
      ['ratelimit-limit', limit],
      ['ratelimit-remaining', remaining],
    ]),
  );

test('Docker Hub says how many pulls there are and how many are left, over six hours', () => {
  expect(said('100;w=21600', '76;w=21600')).toEqual({ limit: 100, remaining: 76 });
  expect(said('200', ' 0 ;w=21600')).toEqual({ limit: 200, remaining: 0 });
});

test('what says nothing, or nonsense, is not told', () => {
  expect(quotaOf(new Map())).toEqual({});
  for (const nonsense of ['', 'many', '-1', '1e9', '9999999999', '1, 2', '100 w', 'NaN;w=1'])
    expect(said(nonsense, nonsense)).toEqual({});
});
