import { existsSync } from 'node:fs';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { TufgateError } from '../../errors.ts';
import { encryptedPkcs8 } from './encrypted-pkcs8.ts';
import { writeNewFile } from './new-file.ts';
import { type PublicKey, publicKeyOf, publicPem } from './public-key.ts';

export type KeyAlgorithm = 'ed25519' | 'p256';

/** The public half of the key file `path` lies beside it. */
export function publicFileOf(path: string): string {
  return `${path}.pub`;
}

/**
 * Makes a key pair: `path` holds the private half, PKCS#8 in PEM, mode 0600; `path`.pub the public one, PEM
 * SubjectPublicKeyInfo. The private half comes first: without its other one it is still a key.
 * @param passphrase encrypts it; undefined for a key that a gate uses with nobody there
 * @throws approvals.key when either file is there already, or cannot be written
 */
export async function createKeyFile(path: string, algorithm: KeyAlgorithm, passphrase?: string): Promise<PublicKey> {
  refuseExisting(path, publicFileOf(path));
  const key = generate(algorithm);
  const publicKey = publicKeyOf(path, key);
  writeNewFile(path, passphrase === undefined ? plainPkcs8(key) : await encryptedPkcs8(key, passphrase), 0o600);
  writeNewFile(publicFileOf(path), publicPem(publicKey), 0o644);
  return publicKey;
}

/** @throws approvals.key */
export function refuseExisting(...paths: readonly string[]): void {
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined)
    throw new TufgateError(
      'approvals.key',
      `${found} is there already, and keys are never overwritten: take another name`,
    );
}

export function plainPkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generate(algorithm: KeyAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  }
}
