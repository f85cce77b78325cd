import type { Json } from '../../../json/read.ts';
import type { Crypto, SignatureMethod } from '../crypto-port.ts';
import type { Key, KeyMaterial } from '../model.ts';
import { decodeBase64 } from './base64.ts';
import { decodeHex } from './hex.ts';
import { Members } from './member.ts';
import { edwardsKey, spkiKey } from './raw-key.ts';

/**
 * Keys as TUF 1.0 writes them (SPEC 4.2): `{"keytype", "scheme", "keyval": {"public"}}`, PEM but for Ed25519.
 *
 * Key type, scheme and the key itself must agree, and the scheme alone says how a signature is verified: RSA labelled
 * as ECDSA, or P-256 with the hash of P-384, is no key. Such a key, an unknown one and a weak one have no material:
 * their signatures never count, and the file stands or falls with the others, so that a new kind of key can be
 * introduced beside the old.
 *
 * The id is not compared with the hash of the key. SPEC 4.3 asks for it, but root files in use break it (one of
 * Sigstore's, one of Docker's ten keys), the other clients do not check it, and TAP 12 drops it. What it would protect
 * is held by counting public keys instead of ids.
 */
export function readTufKey(what: string, keyId: string, value: Json | undefined, crypto: Crypto): Key {
  const key = new Members(`a key in ${what}`, value, ['keytype', 'scheme', 'keyval']);
  const keyval = new Members(`a key in ${what}`, key.get('keyval'), ['public']);
  const [type, scheme, text] = [key.string('keytype'), key.string('scheme'), keyval.get('public')];
  const material = typeof text === 'string' ? materialOf(type, scheme, text, crypto) : undefined;
  return material === undefined ? { keyId } : { keyId, material };
}

function materialOf(type: string, scheme: string, text: string, crypto: Crypto): KeyMaterial | undefined {
  switch (scheme) {
    case 'ed25519':
      return type === 'ed25519' ? bound('eddsa', decodeHex(text), edwardsKey) : undefined;
    case 'rsassa-pss-sha256':
    case 'rsassa-pss-sha384':
    case 'rsassa-pss-sha512':
      return type === 'rsa' ? bound(scheme, decodePem(text), (spki) => spkiKey('rsa', spki, crypto)) : undefined;
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
      return type === 'ecdsa' || type === scheme ? curveKey(scheme, text, crypto) : undefined;
    default:
      return undefined;
  }
}

const CURVES = {
  'ecdsa-sha2-nistp256': { bits: 256, before: '3059301306072a8648ce3d020106082a8648ce3d030107034200' },
  'ecdsa-sha2-nistp384': { bits: 384, before: '3076301006072a8648ce3d020106052b81040022036200' },
} as const;

/** PEM, or as Sigstore's first roots have it the uncompressed point in hex, with the DER that stands before it put back. */
function curveKey(scheme: keyof typeof CURVES, text: string, crypto: Crypto): KeyMaterial | undefined {
  const { bits, before } = CURVES[scheme];
  const spki = text.startsWith('-') ? decodePem(text) : decodeHex(before + text);
  return bound(scheme, spki, (bytes) => spkiKey('ecdsa', bytes, crypto, bits));
}

function bound(
  scheme: SignatureMethod,
  bytes: Uint8Array | undefined,
  read: (bytes: Uint8Array) => KeyMaterial | undefined,
): KeyMaterial | undefined {
  const material = bytes === undefined ? undefined : read(bytes);
  return material === undefined ? undefined : { ...material, scheme };
}

/** Characters; 8,192 bits of RSA are some 1,500. */
const MAX_PEM = 4_096;
const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----\s*$/;

/** One SubjectPublicKeyInfo and nothing else: no PKCS#1, no certificate, no text around it. */
function decodePem(text: string): Uint8Array | undefined {
  const body = text.length > MAX_PEM ? undefined : PEM.exec(text)?.[1];
  return body === undefined ? undefined : decodeBase64(body.replace(/[\r\n]/g, ''));
}
