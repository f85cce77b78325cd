import { expect, test } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import type { Decision } from '../policy/decision.ts';
import { compilePolicy } from '../policy/rules.ts';
import { lasting } from '../trust/lasting.ts';
import type { PullDeps } from './deps.ts';
import type { PulledManifest } from './pull-manifest.ts';
import type { TagRuling } from './rule-on-tag.ts';
import { WarmPulls, type WarmPullsLimits } from './warm-pulls.ts';

const NOW = Date.UTC(2026, 10, 21);
const APP = { registry: 'reg.example', path: 'acme/app' };
const A = parseDigest(`sha256:${'aa'.repeat(32)}`);

function world(limits?: WarmPullsLimits) {
  const state = { clock: NOW, holds: true, cached: true, used: [] as number[], decisions: [] as Decision[] };
  const warm = new WarmPulls(limits);
  const deps = {
    policy: compilePolicy([]),
    now: () => state.clock,
    manifests: { isCached: () => Promise.resolve(state.cached) },
    cacheUsed: (_hit: boolean, bytes: number) => state.used.push(bytes),
    decisions: { record: (made: Decision) => Promise.resolve(void state.decisions.push(made)) },
  } as unknown as PullDeps;
  const request = (tag: string) => ({
    repository: APP,
    tag,
    client: { address: '192.0.2.1', userAgent: 'test' },
    method: 'GET',
  });
  const ruling: TagRuling = { mode: 'enforce', verified: true, digest: A, sources: [] };
  const pulledOf = (bytes: number) =>
    ({ digest: A, bytes: Buffer.alloc(bytes), mediaType: 'x', children: [], sources: [] }) as unknown as PulledManifest;
  const keep = (tag: string, over: Partial<TagRuling> = {}, bytes = 1, notedUntil = Infinity): void =>
    warm.keep(
      deps,
      request(tag),
      lasting({ ...ruling, ...over }, () => state.holds),
      pulledOf(bytes),
      notedUntil,
    );
  const again = async (tag: string, from = deps): Promise<boolean> =>
    (await warm.again(from, request(tag))) !== undefined;
  return { state, deps, warm, request, ruling, pulledOf, keep, again };
}

test('what was answered is answered again, counted and recorded each time', async () => {
  const { state, keep, again } = world();
  expect(await again('1')).toBe(false);
  keep('1');
  expect([await again('1'), await again('1'), await again('2')]).toEqual([true, true, false]);
  expect(state.used).toEqual([1, 1]);
  expect(state.decisions).toMatchObject([{ tag: '1', verdict: 'allow', digest: A, at: NOW }, { tag: '1' }]);
});

test('what does not hold is forgotten: it must not hold again by itself', async () => {
  const { state, keep, again } = world();
  keep('1');
  state.holds = false;
  expect(await again('1')).toBe(false);
  state.holds = true;
  expect(await again('1')).toBe(false);
  expect(state.decisions).toEqual([]);
});

test('what the cache has no more is not served from memory', async () => {
  const { state, keep, again } = world();
  keep('1');
  state.cached = false;
  expect(await again('1')).toBe(false);
});

test('nor is anything that was ruled under another policy', async () => {
  const { deps, keep, again } = world();
  keep('1');
  expect(await again('1', { ...deps, policy: compilePolicy([]) })).toBe(false);
});

test('when it is to be noted again what was given out, the whole way is gone', async () => {
  const { state, keep, again } = world();
  keep('1', {}, 1, NOW + 60_000);
  state.clock += 59_999;
  expect(await again('1')).toBe(true);
  state.clock += 1;
  expect(await again('1')).toBe(false);
});

test('a ruling that nobody vouches for, and what enforcing would refuse, is not kept', async () => {
  const { deps, warm, request, ruling, pulledOf, keep, again } = world();
  warm.keep(deps, request('1'), ruling, pulledOf(1), Infinity);
  keep('2', { refusal: new Error('unsigned') as never });
  expect([await again('1'), await again('2')]).toEqual([false, false]);
});

test('what is found wanting while the cache is asked is not answered', async () => {
  const { state, deps, warm, keep } = world();
  keep('1');
  deps.manifests.isCached = () => {
    state.holds = false;
    return Promise.resolve(true);
  };
  expect(await warm.again(deps, world().request('1'))).toBeUndefined();
});

test('a newer answer that came while the cache was asked is not thrown away', async () => {
  const { state, deps, warm, request, keep, again } = world();
  keep('1');
  deps.manifests.isCached = () => {
    keep('1');
    return Promise.resolve(false);
  };
  expect(await warm.again(deps, request('1'))).toBeUndefined();
  deps.manifests.isCached = () => Promise.resolve(state.cached);
  expect(await again('1')).toBe(true);
});

test('an answer that cannot be recorded is not given', async () => {
  const { deps, warm, request, keep } = world();
  keep('1');
  deps.decisions.record = () => Promise.reject(new Error('disk full'));
  await expect(warm.again(deps, request('1'))).rejects.toThrow('disk full');
});

test('by number and by bytes, the least recently used make room', async () => {
  const many = world({ entries: 2, bytes: 100 });
  for (const tag of ['1', '2']) many.keep(tag);
  await many.again('1');
  many.keep('3');
  expect([await many.again('1'), await many.again('2'), await many.again('3')]).toEqual([true, false, true]);
  const large = world({ entries: 9, bytes: 100 });
  for (const tag of ['1', '2']) large.keep(tag, {}, 50);
  large.keep('1', {}, 50);
  large.keep('3', {}, 50);
  expect([await large.again('1'), await large.again('2'), await large.again('3')]).toEqual([true, false, true]);
  large.keep('4', {}, 101);
  expect([await large.again('1'), await large.again('4')]).toEqual([false, false]);
});
