import { expect, test } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import { wordHolds } from './ask-upstream.ts';
import type { RulingDeps, UnsignedTag } from './deps.ts';

const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const B = parseDigest(`sha256:${'bb'.repeat(32)}`);
const APP = { registry: 'reg.example', path: 'acme/app' };
const IMAGE = 'reg.example/acme/app:1';

function world() {
  const tags = new Map<string, UnsignedTag>();
  const state = { clock: 0 };
  const deps = { unsignedTags: tags, now: () => state.clock, checkEveryMs: 10 } as unknown as RulingDeps;
  return { tags, state, holds: (digest = A) => wordHolds(deps, APP, '1', digest) };
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
