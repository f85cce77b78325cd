import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import type { Child } from '../oci/manifest.ts';
import { repositoryName } from '../oci/reference.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import type { Withdrawals } from '../trust/withdrawals.ts';
import { evictable } from './evictable.ts';

/** An index of two images that share a base layer. */
const d = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const [INDEX, ONE, TWO, BASE, OWN, OTHER] = ['1', '2', '3', 'a', 'b', 'c'].map(d) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const [APP, MIRROR] = ['reg.example/app', 'reg.example/mirror'];
const child = (digest: Digest, kind: Child['kind']): Child => ({ digest, kind, size: 1, mediaType: 'x' });

let state: StateStore;
let withdrawn: Map<string, readonly Digest[]>;
beforeEach(async () => {
  state = openSqliteStore(':memory:');
  withdrawn = new Map();
  await state.recordManifest(INDEX, [child(ONE, 'manifest'), child(TWO, 'manifest')]);
  await state.recordManifest(ONE, [child(BASE, 'blob'), child(OWN, 'blob')]);
  await state.recordManifest(TWO, [child(BASE, 'blob'), child(OTHER, 'blob')]);
});
afterEach(async () => await state.close());

const stored: Withdrawals['stored'] = (repository, digests) => {
  const mine = (withdrawn.get(repositoryName(repository)) ?? []).filter((digest) => digests.includes(digest));
  return Promise.resolve(new Map(mine.map((digest) => [digest, {} as never])));
};

async function given(repository: string | undefined, digest: Digest): Promise<void> {
  await state.giveOut({ repository: repository ?? '', digest, tag: '1', verified: true, basis: '', at: 1 });
}

const gone = async (digest: Digest): Promise<readonly Digest[]> => [...(await evictable(state, { stored }, digest))];

test('all that hangs below it', async () => {
  await given(APP, INDEX);
  withdrawn.set(APP, [INDEX]);
  expect((await gone(INDEX)).toSorted()).toEqual([INDEX, ONE, TWO, BASE, OWN, OTHER].toSorted());
});

test('not what something else needs that was given out', async () => {
  await given(APP, INDEX);
  await given(APP, TWO);
  withdrawn.set(APP, [INDEX]);
  expect((await gone(INDEX)).toSorted()).toEqual([INDEX, ONE, OWN].toSorted());
});

test('of one platform what only it has, although the index is served', async () => {
  await given(APP, INDEX);
  withdrawn.set(APP, [ONE]);
  expect((await gone(ONE)).toSorted()).toEqual([ONE, OWN].toSorted());
});

test('nothing that another repository serves, where nothing was withdrawn', async () => {
  await given(APP, INDEX);
  await given(MIRROR, INDEX);
  withdrawn.set(APP, [INDEX]);
  expect(await gone(INDEX)).toEqual([]);
  withdrawn.set(MIRROR, [INDEX]);
  expect(await gone(INDEX)).toHaveLength(6);
});

test('what was never given out keeps nothing', async () => {
  withdrawn.set(APP, [ONE]);
  expect((await gone(ONE)).toSorted()).toEqual([ONE, BASE, OWN].toSorted());
});
