import { TufgateError } from '../../errors.ts';
import { nodeCrypto } from '../../trust/crypto.ts';
import { verifies } from '../../trust/tuf/signature.ts';
import { materialOf, type PublicKey } from './public-key.ts';

/** A key that can sign, wherever its private half is. */
export interface Signer extends PublicKey {
  /** @returns ed25519: 64 bytes; ecdsa: DER over SHA-256. @throws approvals.key */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/**
 * A signer whose every signature is verified before it is handed out, by the verifier that the gates use: a token with
 * another key under the same name, or a bridge that signs a hash of the hash, must not make a file that nobody accepts.
 * @param name what the key is called, for messages
 */
export function checkedSigner(
  name: string,
  { keyId, entry }: PublicKey,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Signer {
  return {
    keyId,
    entry,
    async sign(message) {
      const signature = await sign(message);
      if (isSignatureOf(entry, message, signature)) return signature;
      throw new TufgateError(
        'approvals.key',
        `${name} signed, but not with its key ${keyId.slice(0, 12)}: the signature does not verify and was thrown away; ` +
          'see that the private key behind it belongs to the public one',
      );
    },
  };
}

/** As our own gates verify it: noble for Ed25519, node:crypto for P-256. */
export function isSignatureOf(entry: PublicKey['entry'], message: Uint8Array, signature: Uint8Array): boolean {
  const material = materialOf(entry);
  // The method is Notary's word for it; a TUF key names its own scheme.
  return material !== undefined && verifies(nodeCrypto, material, { keyId: '', method: '', bytes: signature }, message);
}
