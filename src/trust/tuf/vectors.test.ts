import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contextOf } from '../../simulator/notary-refresh.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  type Anchor,
  completeView,
  finishRoots,
  lookup,
  rolesToLoad,
  startChain,
  type TrustContext,
  type View,
  viewSignedTags,
} from './collection.ts';
import { code } from '../../../test/thrown.ts';

/**
 * Files that `notary` and `notary-server` 0.7.0 wrote on 2026-11-21: a collection with ECDSA, RSA-PSS and P-384
 * signers, then rotated snapshot (to the server), root and targets keys. Only metadata; the clock is fixed.
 */
const NOW = Date.UTC(2026, 10, 22);
const GUN = 'registry.example/acme/app';
const V1 = 'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';
const V2 = 'sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3';

function file(set: string, name: string): Uint8Array {
  return readFileSync(new URL(`../../../test/vectors/notary/${set}/${name}.tuf`, import.meta.url));
}

function verifySet(set: string, roots: readonly string[], ctx: TrustContext, now: number): View {
  const [first = '', ...later] = roots;
  let trusted = startChain(ctx, file(set, first));
  for (const name of later) trusted = acceptRoot(ctx, trusted, file(set, name));
  trusted = finishRoots(ctx, trusted, now).trusted;
  trusted = acceptTimestamp(ctx, trusted, file(set, 'timestamp'), now);
  trusted = acceptSnapshot(ctx, trusted, file(set, 'snapshot'), now);
  for (let next = rolesToLoad(ctx, trusted); next.length > 0; next = rolesToLoad(ctx, trusted))
    for (const { role } of next) trusted = acceptTargets(ctx, trusted, role, file(set, role), now).trusted;
  return completeView(ctx, trusted, now);
}

function verify(anchor?: Anchor, now = NOW): View {
  return verifySet('rotated', ['1.root', '2.root', '3.root', '4.root'], contextOf(GUN, anchor), now);
}

test('the collection of notary 0.1 (2016, sha256 alone) still verifies', () => {
  const view = verifySet('notary-0.1', ['root'], contextOf('docker.com/notary0.1/samplerepo'), NOW);
  expect([...view.targets.get('targets')!.model.targets.keys()]).toEqual(['LICENSE']);
});

test('the one of notary 0.3 (RSA-PSS signer with a certificate long expired) verifies until its root certificate ends', () => {
  const ctx = contextOf('docker.com/notary0.3/tst');
  const view = verifySet('notary-0.3', ['root'], ctx, Date.UTC(2026, 5, 1));
  expect([...viewSignedTags(view)].map(({ role, tag }) => `${role} ${tag}`)).toContain('targets/releases hello');
  expect(code(() => verifySet('notary-0.3', ['root'], ctx, NOW))).toBe('trust.expired');
  const elsewhere = contextOf('docker.com/notary0.3/other');
  expect(code(() => verifySet('notary-0.3', ['root'], elsewhere, NOW))).toBe('trust.wrong-name');
});

test('what the real Notary wrote is accepted, through all its rotations', () => {
  const view = verify();
  expect([...viewSignedTags(view)]).toEqual([
    { role: 'targets', tag: 'v1', digest: V1 },
    { role: 'targets/releases', tag: 'v2', digest: V2 },
    { role: 'targets/qa', tag: 'v2', digest: V2 },
  ]);
  expect(view.unusable.size).toBe(0);
});

test('all three signers of the release are counted', () => {
  const found = lookup(verify(), 'v2', { releases: 'strict' }, NOW);
  expect(found).toMatchObject({ digest: V2, length: 4321, roles: ['targets/releases'] });
  expect(found.signers).toHaveLength(3);
});

test('the first root as a pinned file anchors the same chain', () => {
  expect(verify({ kind: 'root-file', bytes: file('rotated', '1.root') }).anchor).toBe('root-file');
});

test('its timestamp ends after 14 days', () => {
  expect(code(() => verify(undefined, NOW + 20 * 86_400_000))).toBe('trust.expired');
});
