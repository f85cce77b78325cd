import type { TufFiles } from '../../src/simulator/tuf-files.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import { tufFormat } from '../../src/trust/tuf/format/tuf.ts';
import type { Authority } from '../../src/trust/tuf/model.ts';

/** Is there a role one of whose public keys is listed under two key ids? */
export function hasTwinKeys(files: TufFiles): boolean {
  return [...files.paths()].some(([, bytes]) => authoritiesIn(bytes).some(isTwofold));
}

function isTwofold({ keys }: Authority): boolean {
  const identities = keys.flatMap(({ material }) => (material === undefined ? [] : [material.identity]));
  return new Set(identities).size < identities.length;
}

function authoritiesIn(bytes: Uint8Array): readonly Authority[] {
  return [...unlessMalformed(() => ofRoot(bytes)), ...unlessMalformed(() => ofTargets(bytes))];
}

function ofRoot(bytes: Uint8Array): readonly Authority[] {
  const { root, timestamp, snapshot, targets } = tufFormat.root('', bytes, nodeCrypto).model;
  return [root, timestamp, snapshot, targets];
}

function ofTargets(bytes: Uint8Array): readonly Authority[] {
  const { delegations, bins } = tufFormat.targets('', 'any', bytes, nodeCrypto).model;
  return bins === undefined ? delegations : [...delegations, bins];
}

function unlessMalformed(read: () => readonly Authority[]): readonly Authority[] {
  try {
    return read();
  } catch {
    return [];
  }
}
