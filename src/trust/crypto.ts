import { constants, createPublicKey, type SigningOptions, verify } from 'node:crypto';
import { readCertificate } from './certificate.ts';
import { readSpki } from './spki.ts';
import type { Certificate, Crypto, KeyFacts, SignatureMethod } from './tuf/crypto-port.ts';

/**
 * node:crypto behind the trust core's port. Its defaults are wrong for Notary in three ways: ECDSA signatures are r‖s
 * there and not DER, PSS accepts any salt length unless told 32, and the hash is SHA-256 for every curve. TUF 1.0 is as
 * the defaults, but a curve has its one hash.
 */
export const nodeCrypto: Crypto = {
  verify: (spki, method, message, signature) => quietly(() => verifies(spki, method, message, signature)) ?? false,
  readKey: (spki) => quietly(() => readSpki(spki)),
  readCertificates: (pem, most) => quietly(() => readBundle(pem, most)),
};

/** Between two stands white space of ASCII alone: `\s` would take a byte order mark, which Notary does not read. */
const PEM = /^[ \t\r\n]*-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END CERTIFICATE-----[ \t\r\n]*/;

interface Method {
  readonly algorithm: KeyFacts['algorithm'];
  /** The one curve it is for; without it, every curve. */
  readonly bits?: number;
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly options: SigningOptions;
}

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO } = constants;
const ANY_SALT = { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_AUTO };
const METHODS: Record<Exclude<SignatureMethod, 'eddsa'>, Method> = {
  ecdsa: { algorithm: 'ecdsa', hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  rsapss: { algorithm: 'rsa', hash: 'sha256', options: { padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  rsapkcs1v15: { algorithm: 'rsa', hash: 'sha256', options: { padding: RSA_PKCS1_PADDING } },
  'ecdsa-sha2-nistp256': { algorithm: 'ecdsa', bits: 256, hash: 'sha256', options: { dsaEncoding: 'der' } },
  'ecdsa-sha2-nistp384': { algorithm: 'ecdsa', bits: 384, hash: 'sha384', options: { dsaEncoding: 'der' } },
  'rsassa-pss-sha256': { algorithm: 'rsa', hash: 'sha256', options: ANY_SALT },
  'rsassa-pss-sha384': { algorithm: 'rsa', hash: 'sha384', options: ANY_SALT },
  'rsassa-pss-sha512': { algorithm: 'rsa', hash: 'sha512', options: ANY_SALT },
};

function verifies(spki: Uint8Array, name: SignatureMethod, message: Uint8Array, signature: Uint8Array): boolean {
  if (name === 'eddsa') return false;
  const { algorithm, bits, hash, options } = METHODS[name];
  const facts = readSpki(spki);
  if (facts?.algorithm !== algorithm || facts.bits !== (bits ?? facts.bits)) return false;
  if (algorithm === 'rsa' && signature.length !== sizeOf(facts.bits)) return false;
  if (options.dsaEncoding === 'ieee-p1363' && signature.length !== 2 * sizeOf(facts.bits)) return false;
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return verify(hash, message, { key, ...options }, signature);
}

function sizeOf(bits: number): number {
  return Math.ceil(bits / 8);
}

/** A bundle may be as long as the file that it stands in, and each certificate costs a tenth of a millisecond. */
function readBundle(pem: string, most: number): readonly Certificate[] | undefined {
  const certificates: Certificate[] = [];
  let rest = pem;
  while (rest !== '') {
    const found = certificates.length < most ? PEM.exec(rest) : null;
    if (found === null) return undefined;
    const text = (found[1] ?? '').replace(/[\r\n]/g, '');
    const der = Buffer.from(text, 'base64');
    if (der.toString('base64') !== text) return undefined;
    certificates.push(readCertificate(der));
    rest = rest.slice(found[0].length);
  }
  return certificates.length === 0 ? undefined : certificates;
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
