import { createHash, sign } from 'node:crypto';
import { issueCertificate, type CertificateOptions, newKeyPair } from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey } from '../../../src/simulator/notary-key.ts';
import { DAY, GUN, NOW } from './scene.ts';

/** Making RSA keys is slow: one of each size serves all stories of a process. */
const pool = new Map<number, NotaryKey>();

export function rsaKey(bits: number, nth = 0): NotaryKey {
  const found = pool.get(bits * 10 + nth) ?? plainKey('rsa', newKeyPair('rsa', bits));
  pool.set(bits * 10 + nth, found);
  return found;
}

export function rsaCertified(bits: number): NotaryKey {
  return again(rsaKey(bits));
}

/** A root key whose certificate is good but for `over`. */
export function certified(over: Partial<CertificateOptions> = {}): NotaryKey {
  const options = { commonNames: [GUN], notBefore: NOW - DAY, notAfter: NOW + 3_650 * DAY, ...over };
  const { pem, keys } = issueCertificate(options);
  return certifiedKey(pem, keys);
}

/** A key as it stands in metadata, with any type and any bytes, under its right id. */
export function strangeKey(like: NotaryKey, keytype: string, bytes: Uint8Array): NotaryKey {
  const entry = { keytype, keyval: { private: null, public: Buffer.from(bytes).toString('base64') } };
  const text = `{"keytype":"${keytype}","keyval":{"private":null,"public":"${entry.keyval.public}"}}`;
  return { ...like, entry, keyId: createHash('sha256').update(text).digest('hex') };
}

/** The same key under another certificate, and so under another id. */
export function again(key: NotaryKey): NotaryKey {
  return certified({ keys: key.pair });
}

/** A key that signs in a way of its own. */
export function signingWith(key: NotaryKey, method: string, how: Parameters<typeof sign>[2] | null, hash = 'sha256') {
  const signer = (message: Uint8Array): Buffer => (how === null ? Buffer.alloc(64) : sign(hash, message, how));
  return { ...key, method, sign: signer };
}
