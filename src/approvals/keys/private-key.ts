import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { TufgateError } from '../../errors.ts';
import type { Passphrases } from './passphrase.ts';
import { publicKeyOf } from './public-key.ts';
import { checkedSigner, type Signer } from './signer.ts';

/** Bytes; a P-256 key is some 300. */
export const MAX_KEY_FILE = 16_384;

export type Protection = 'passphrase' | 'plain';

/**
 * How the private key in this PEM text is kept. PKCS#8 alone is read: the older forms derive their key from the
 * passphrase with one round of MD5.
 * @throws approvals.key
 */
export function protectionOf(name: string, pem: string): Protection {
  const labels = [...pem.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----\r?$/gm)].map(([, label = '']) => label);
  const [label, ...more] = labels;
  if (more.length > 0) throw refused(name, 'it holds more than one PEM block: keep one key in a file');
  switch (label) {
    case 'ENCRYPTED PRIVATE KEY':
      return 'passphrase';
    case 'PRIVATE KEY':
      return 'plain';
    case undefined:
      throw refused(
        name,
        'it holds no PEM: expected "-----BEGIN ENCRYPTED PRIVATE KEY-----" or "-----BEGIN PRIVATE KEY-----"',
      );
    case 'PUBLIC KEY':
      throw refused(name, 'it is the public half: name the private one');
    default:
      throw refused(
        name,
        `it is ${label}, not PKCS#8: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW converts it`,
      );
  }
}

/** @param passphrase of an encrypted key; undefined is the answer when it is not the right one @throws approvals.key */
export function openPrivateKey(pem: string, passphrase?: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    return undefined;
  }
}

/** The key in this text, opened with what is known or asked. @throws approvals.key, usage */
export async function signerOfPem(name: string, pem: string, passphrases: Passphrases): Promise<Signer> {
  if (protectionOf(name, pem) === 'passphrase')
    return signerOf(name, await passphrases.open(name, (passphrase) => openPrivateKey(pem, passphrase)));
  const key = openPrivateKey(pem);
  if (key === undefined) throw refused(name, 'its private key cannot be read: is it damaged?');
  return signerOf(name, key);
}

/** @throws approvals.key when its algorithm is not one of ours */
export function signerOf(name: string, key: KeyObject): Signer {
  const publicKey = publicKeyOf(name, key);
  const hash = publicKey.entry.keytype === 'ecdsa' ? 'sha256' : null;
  return checkedSigner(name, publicKey, (message) => Promise.resolve(sign(hash, message, key)));
}

function refused(name: string, why: string): TufgateError {
  return new TufgateError('approvals.key', `${name} cannot be used as a key: ${why}`);
}
