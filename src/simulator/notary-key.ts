import { constants, createHash, type KeyObject, sign } from 'node:crypto';
import { issueCertificate, type KeyPair, newKeyPair } from './notary-certificate.ts';

/** A key of a simulated publisher, with the form it has in metadata. */
export interface NotaryKey {
  readonly keyId: string;
  /** `{"keytype", "keyval"}` as it stands in `keys`. */
  readonly entry: { readonly keytype: string; readonly keyval: { readonly private: null; readonly public: string } };
  readonly method: string;
  readonly pair: KeyPair;
  sign(message: Uint8Array): Buffer;
}

export function plainKey(algorithm: 'ecdsa' | 'rsa' | 'ed25519' = 'ecdsa', pair?: KeyPair): NotaryKey {
  const keys = pair ?? newKeyPair(algorithm);
  const jwk =
    algorithm === 'ed25519' ? Buffer.from(keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url') : undefined;
  return keyOf(algorithm, jwk ?? keys.publicKey.export({ type: 'spki', format: 'der' }), keys);
}

/** @param pem the leaf first, then its intermediates */
export function certifiedKey(pem: string, pair: KeyPair): NotaryKey {
  const algorithm = pair.publicKey.asymmetricKeyType === 'rsa' ? 'rsa-x509' : 'ecdsa-x509';
  return keyOf(algorithm, Buffer.from(pem), pair);
}

/** What `notary init` makes for a collection: a self-signed certificate whose common name is the GUN. */
export function rootKey(gun: string, now: number, pair: KeyPair = newKeyPair()): NotaryKey {
  const years = 10 * 365 * 86_400_000;
  return certifiedKey(
    issueCertificate({ commonNames: [gun], notBefore: now, notAfter: now + years, keys: pair }).pem,
    pair,
  );
}

function keyOf(keytype: string, bytes: Buffer, pair: KeyPair): NotaryKey {
  const entry = { keytype, keyval: { private: null, public: bytes.toString('base64') } };
  const text = `{"keytype":"${keytype}","keyval":{"private":null,"public":"${entry.keyval.public}"}}`;
  const keyId = createHash('sha256').update(text).digest('hex');
  return {
    keyId,
    entry,
    method: methodOf(pair.privateKey),
    pair,
    sign: (message) => signWith(pair.privateKey, message),
  };
}

function methodOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'ed25519') return 'eddsa';
  return key.asymmetricKeyType === 'rsa' ? 'rsapss' : 'ecdsa';
}

function signWith(key: KeyObject, message: Uint8Array): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, message, key);
  if (key.asymmetricKeyType === 'rsa')
    return sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
}
