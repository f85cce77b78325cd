import * as ed25519 from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import type { Crypto } from './crypto-port.ts';
import type { KeyMaterial, Signature } from './model.ts';

ed25519.hashes.sha512 = sha512;

/**
 * One signature, one key. The method is bound to the key's own type: it is written by whoever wrote the file, and a
 * verifier chosen by it alone was Notary's worst finding (CVE-2015-9258). Unknown methods do not verify.
 */
export function verifies(crypto: Crypto, key: KeyMaterial, signature: Signature, message: Uint8Array): boolean {
  const { method, bytes } = signature;
  switch (key.algorithm) {
    case 'ed25519':
      return method === 'eddsa' && verifiesEdwards(key.bytes, bytes, message);
    case 'ecdsa':
      return method === 'ecdsa' && crypto.verify(key.bytes, method, message, bytes);
    case 'rsa':
      return (method === 'rsapss' || method === 'rsapkcs1v15') && crypto.verify(key.bytes, method, message, bytes);
  }
}

/** RFC 8032, not the laxer ZIP 215, which is the library's default. */
function verifiesEdwards(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}
