import { expect, test } from 'vitest';
import type { NotaryConfig, RuleConfig } from './config.ts';
import { unboundNames } from './binding.ts';

const source = (gun: string): ReadonlyMap<string, NotaryConfig> =>
  new Map([
    ['vendor', { kind: 'notary', name: 'vendor', urls: [], gun, pins: [], releases: 'strict', firstUse: 'refuse' }],
  ]);
const rule = (match: string): RuleConfig => ({
  position: 1,
  line: 1,
  match,
  action: { kind: 'require', requirement: { kind: 'source', source: 'vendor' } },
  digests: { kind: 'current' },
  mode: 'enforce',
});
const upstreams = new Set(['a.example', 'b.example']);

test('one collection for two registries is refused, whether the rules name them or match all', () => {
  const both = [rule('a.example/**'), rule('b.example/team/*')];
  expect(unboundNames(source('corp/{repository}'), both, upstreams)).toEqual([
    expect.stringContaining('a.example, b.example'),
  ]);
  expect(unboundNames(source('corp/{repository}'), [rule('**')], upstreams)).toHaveLength(1);
});

test('one registry, or a GUN that names it, is in order', () => {
  expect(unboundNames(source('corp/{repository}'), [rule('a.example/**')], upstreams)).toEqual([]);
  expect(unboundNames(source('corp/{repository}'), [rule('**')], new Set(['a.example']))).toEqual([]);
  expect(unboundNames(source('{registry}/{repository}'), [rule('**')], upstreams)).toEqual([]);
});
