import { expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import { existsUpstream, wordHolds } from './ask-upstream.ts';
import type { RulingDeps, UnsignedTag } from './deps.ts';

const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const B = parseDigest(`sha256:${'bb'.repeat(32)}`);
const APP = { registry: 'reg.example', path: 'acme/app' };
const IMAGE = 'reg.example/acme/app:1';

function world() {
  const tags = new Map<string, UnsignedTag>();
  const state = { clock: 0, heads: 0, status: 503 };
  const upstream = {
    head(): Promise<never> {
      state.heads += 1;
      const detail = { status: state.status };
      return Promise.reject(new TufgateError('upstream.unreachable', 'failed', { detail }));
    },
  };
  const upstreams = new Map([[APP.registry, upstream]]);
  const deps = { unsignedTags: tags, upstreams, now: () => state.clock, checkEveryMs: 10 } as unknown as RulingDeps;
  return {
    tags,
    state,
    holds: (digest = A) => wordHolds(deps, APP, '1', digest),
    exists: () => existsUpstream(deps, APP, '1'),
  };
}

test("the registry's word holds until it is asked again, or has said another", () => {
  const { tags, state, holds } = world();
  expect(holds()).toBeUndefined();
  tags.set(IMAGE, { found: true, digest: A, at: 0 });
  const word = holds();
  state.clock = 9;
  expect(word?.()).toBe(true);
  state.clock = 10;
  expect(word?.()).toBe(false);
  state.clock = 9;
  tags.set(IMAGE, { found: true, digest: B, at: 9 });
  expect(word?.()).toBe(false);
  expect(holds()).toBeUndefined();
  expect(holds(B)?.()).toBe(true);
  tags.set(IMAGE, { found: false, at: 9 });
  expect(holds(B)).toBeUndefined();
});

test('whether a tag exists of which the registry says 5xx is asked once in a few seconds; it counts as there', async () => {
  const { state, exists } = world();
  for (let i = 0; i < 3; i += 1) expect(await exists()).toBe(true);
  state.clock = 4_999;
  expect(await exists()).toBe(true);
  expect(state.heads).toBe(1);
  state.clock = 5_000;
  expect(await exists()).toBe(true);
  expect(state.heads).toBe(2);
});

test('a 5xx takes the place of no word of the registry, and no other failure is remembered', async () => {
  const { tags, state, exists } = world();
  state.status = 408;
  await exists();
  expect(tags.get(IMAGE)).toBeUndefined();
  state.status = 500;
  tags.set(IMAGE, { found: true, digest: A, at: 0 });
  await exists();
  expect(tags.get(IMAGE)).toMatchObject({ found: true });
});
