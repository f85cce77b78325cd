import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { code } from '../../../../test/thrown.ts';
import { nodeCrypto } from '../../crypto.ts';
import type { Authority, Model, Root, Signed } from '../model.ts';
import { permitsName } from '../paths.ts';
import { signedBy } from '../threshold.ts';
import { tufFormat } from './tuf.ts';

/** Repositories as others publish them: what they are and where they come from stands in test/vectors/tuf/README.md. */
const VECTORS = new URL('../../../../test/vectors/tuf/', import.meta.url);

const file = (name: string): Uint8Array => readFileSync(new URL(`${name}.tuf`, VECTORS));
const root = (name: string): Signed<Root> => tufFormat.root('test', file(name), nodeCrypto);

function count(by: Authority, signed: Signed<Model>): number {
  return signedBy(nodeCrypto, by.keys, signed).signerKeys.length;
}

function roots(set: string, from: number, to: number): readonly Signed<Root>[] {
  return Array.from({ length: to - from + 1 }, (_, i) => root(`${set}/${from + i}.root`));
}

describe.each([
  // Hex points, then PEM, then the key type renamed with ten signatures of five keys, then key ids that are not hashes.
  ['sigstore', 4, 15],
  ['docker-test', 1, 4],
])('the roots of %s, %i to %i', (set, from, to) => {
  const chain = roots(set, from, to);

  test('are each signed by themselves and by the one before', () => {
    for (const [i, next] of chain.entries()) {
      const own = next.model.root;
      expect(next.model.version).toBe(from + i);
      expect(count(own, next)).toBeGreaterThanOrEqual(own.threshold);
      const before = chain[i - 1]?.model.root ?? own;
      expect(count(before, next)).toBeGreaterThanOrEqual(before.threshold);
    }
  });

  test('have a usable key under every id they list', () => {
    for (const { model } of chain)
      for (const role of [model.root, model.timestamp, model.snapshot, model.targets])
        expect(role.keys.filter(({ material }) => material === undefined)).toEqual([]);
  });

  test('are worth nothing after one changed character', () => {
    const text = Buffer.from(file(`${set}/${to}.root`)).toString();
    const changed = tufFormat.root('test', Buffer.from(text.replace(/"expires": "20/, '"expires": "21')), nodeCrypto);
    expect(count(changed.model.root, changed)).toBe(0);
  });
});

test.each([
  ['sigstore', '15.root', ['registry.npmjs.org']],
  ['tuf-on-ci', '1.root', ['delegatedrole']],
  ['docker-test', '4.root', ['test-role', 'testing']],
])('every file of %s is signed by whom its delegator names', (set, first, delegated) => {
  const { model: top } = root(`${set}/${first}`);
  const timestamp = tufFormat.timestamp('test', file(`${set}/timestamp`), nodeCrypto);
  const snapshot = tufFormat.snapshot('test', file(`${set}/snapshot`), nodeCrypto);
  const targets = tufFormat.targets('test', 'targets', file(`${set}/targets`), nodeCrypto);
  expect(count(top.timestamp, timestamp)).toBeGreaterThanOrEqual(top.timestamp.threshold);
  expect(count(top.snapshot, snapshot)).toBeGreaterThanOrEqual(top.snapshot.threshold);
  expect(count(top.targets, targets)).toBeGreaterThanOrEqual(top.targets.threshold);
  expect(timestamp.model.snapshot.version).toBe(snapshot.model.version);
  expect(snapshot.model.meta.get('targets')?.version).toBe(targets.model.version);
  expect(targets.model.delegations.map(({ role }) => role)).toEqual(delegated);
  for (const delegation of targets.model.delegations) {
    const signed = tufFormat.targets('test', delegation.role, file(`${set}/${delegation.role}`), nodeCrypto);
    expect(count(delegation, signed)).toBeGreaterThanOrEqual(delegation.threshold);
    expect(snapshot.model.meta.get(delegation.role)?.version).toBe(signed.model.version);
    for (const name of signed.model.targets.keys()) expect(permitsName(delegation.paths, name)).toBe(true);
  }
});

test("Docker's first roots are signed by the keys they list, on P-384, whatever the key ids say", () => {
  const production = root('docker/1.root');
  expect(count(production.model.root, production)).toBe(5);
  expect(production.model.root.keys.map(({ material }) => material?.scheme)).toEqual(
    Array.from({ length: 5 }, () => 'ecdsa-sha2-nistp384'),
  );
  const staging = root('docker/1.root-staging');
  expect(count(staging.model.root, staging)).toBeGreaterThanOrEqual(staging.model.root.threshold);
});

test("an old root's entry in a snapshot is passed over", () => {
  const { model } = tufFormat.snapshot('test', file('sigstore/snapshot'), nodeCrypto);
  expect([...model.meta.keys()]).toEqual(['registry.npmjs.org', 'rekor', 'revocation', 'staging', 'targets']);
});

test("Sigstore's third root has an expiry with a fraction: no anchor for us, as for the reference client", () => {
  expect(code(() => root('sigstore/3.root'))).toBe('trust.malformed');
});

test('every vector is used', () => {
  const names = readdirSync(VECTORS, { recursive: true }).map(String);
  expect(names.filter((name) => name.endsWith('.tuf'))).toHaveLength(33);
});
