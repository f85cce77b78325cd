import { createPublicKey, type KeyObject } from 'node:crypto';
import { TufgateError } from '../../errors.ts';
import type { KeyEntry } from '../document/documents.ts';
import { keyIdOf } from '../document/key-id.ts';
import { keyJson } from '../document/write-document.ts';
import { nodeCrypto } from '../../trust/crypto.ts';
import { readTufKey } from '../../trust/tuf/format/tuf-key.ts';
import type { KeyMaterial } from '../../trust/tuf/model.ts';

export interface PublicKey {
  /** SPEC 4.2: sha256 of the canonical JSON of the entry, hex. */
  readonly keyId: string;
  readonly entry: KeyEntry;
}

/**
 * The one form of a key that we publish. It goes through JWK, so that a key has one entry and one id however its SPKI
 * was written (compressed points), and our own reader must take it: a key that gates would pass over, one of small
 * order included, is refused here and not found out when nothing verifies.
 * @param name what the key is called, for messages @throws approvals.key
 */
export function publicKeyOf(name: string, key: KeyObject): PublicKey {
  const entry = entryOf(name, key.type === 'private' ? createPublicKey(key) : key);
  if (materialOf(entry) === undefined)
    throw refused(name, 'it is not a safe public key (a point of small order, or none of its curve): make a new key');
  return { keyId: keyIdOf(entry), entry };
}

/** @param text PEM SubjectPublicKeyInfo, "-----BEGIN PUBLIC KEY-----", and nothing else @throws approvals.key */
export function readPublicKey(name: string, text: string): PublicKey {
  const pem = text.length > MAX_PEM ? '' : text.trim();
  if (!PEM.test(pem))
    throw refused(name, 'expected PEM, "-----BEGIN PUBLIC KEY-----", as openssl pkey -pubout writes it');
  return decoded(name, () => createPublicKey(pem));
}

/** @param der SubjectPublicKeyInfo @throws approvals.key */
export function readPublicKeyDer(name: string, der: Uint8Array): PublicKey {
  return decoded(name, () => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
}

/** PEM SubjectPublicKeyInfo of any entry, as openssl and `.pub` files have it. */
export function publicPem({ entry }: PublicKey): string {
  if (entry.keytype === 'ecdsa') return entry.keyval.public;
  const x = Buffer.from(entry.keyval.public, 'hex').toString('base64url');
  return pemOf(createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
}

/** What our trust core makes of the entry: the one judge of what we publish. */
export function materialOf(entry: KeyEntry): KeyMaterial | undefined {
  return readTufKey('a key of ours', keyIdOf(entry), keyJson(entry), nodeCrypto).material;
}

/** Characters. */
const MAX_PEM = 4_096;
const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----$/;

function decoded(name: string, read: () => KeyObject): PublicKey {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw refused(name, 'it holds no public key that can be read: is it damaged?', cause);
  }
  return publicKeyOf(name, key);
}

function entryOf(name: string, key: KeyObject): KeyEntry {
  const type = key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (type === 'ed25519') return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: edwardsHex(key) } };
  if (type === 'ec' && curve === 'prime256v1')
    return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: uncompressedPem(key) } };
  const found = `${type ?? 'unknown'}${curve === undefined ? '' : ` on ${curve}`}`;
  throw refused(name, `its algorithm is ${found}: only Ed25519 and ECDSA on P-256 are used here`);
}

function edwardsHex(key: KeyObject): string {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
}

function uncompressedPem(key: KeyObject): string {
  return pemOf(createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' }));
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function refused(name: string, why: string, cause?: unknown): TufgateError {
  return new TufgateError('approvals.key', `${name} cannot be used: ${why}`, { cause });
}
