import * as ed25519 from '@noble/ed25519';
import type { Crypto } from '../crypto-port.ts';
import { toHex } from '../hex.ts';
import { RSA_BITS } from '../limits.ts';
import type { KeyMaterial } from '../model.ts';

/** Public keys without what wraps them: both formats accept the same ones. */

/** A key of small order makes one signature valid for every message: it is no key. */
export function edwardsKey(bytes: Uint8Array): KeyMaterial | undefined {
  if (bytes.length !== 32) return undefined;
  try {
    if (ed25519.Point.fromBytes(bytes, false).isSmallOrder()) return undefined;
  } catch {
    return undefined;
  }
  return { algorithm: 'ed25519', bytes, identity: `ed25519:${toHex(bytes)}` };
}

/** @param curveBits the one curve it may be on; every supported one without it */
export function spkiKey(
  algorithm: 'ecdsa' | 'rsa',
  spki: Uint8Array,
  crypto: Crypto,
  curveBits?: number,
): KeyMaterial | undefined {
  const facts = crypto.readKey(spki);
  if (facts?.algorithm !== algorithm) return undefined;
  if (curveBits !== undefined && facts.bits !== curveBits) return undefined;
  if (algorithm === 'rsa' && (facts.bits < RSA_BITS.least || facts.bits > RSA_BITS.most)) return undefined;
  return { algorithm, bytes: spki, identity: facts.identity };
}
