import * as ed25519 from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import type { Crypto, SignatureMethod } from './crypto-port.ts';
import type { KeyMaterial, Signature } from './model.ts';

ed25519.hashes.sha512 = sha512;

/**
 * One signature, one key. In Notary the method is bound to the key's own type: it is written by whoever wrote the file,
 * and a verifier chosen by it alone was Notary's worst finding (CVE-2015-9258). In TUF 1.0 the key names its one scheme.
 * Unknown methods do not verify.
 */
export function verifies(crypto: Crypto, key: KeyMaterial, signature: Signature, message: Uint8Array): boolean {
  const method = key.scheme ?? notaryMethod(key.algorithm, signature.method);
  if (method === undefined) return false;
  return method === 'eddsa'
    ? key.algorithm === 'ed25519' && verifiesEdwards(key.bytes, signature.bytes, message)
    : crypto.verify(key.bytes, method, message, signature.bytes);
}

function notaryMethod(algorithm: KeyMaterial['algorithm'], written: string): SignatureMethod | undefined {
  return NOTARY_METHODS[algorithm].find((method) => method === written);
}

const NOTARY_METHODS: Record<KeyMaterial['algorithm'], readonly SignatureMethod[]> = {
  ed25519: ['eddsa'],
  ecdsa: ['ecdsa'],
  rsa: ['rsapss', 'rsapkcs1v15'],
};

/** RFC 8032, not the laxer ZIP 215, which is the library's default. */
function verifiesEdwards(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}
