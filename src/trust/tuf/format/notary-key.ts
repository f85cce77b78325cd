import { canonicalJson } from '../../../json/canonical.ts';
import type { Json, JsonObject } from '../../../json/read.ts';
import type { Certificate, Crypto } from '../crypto-port.ts';
import { sha256Hex } from '../hex.ts';
import { MAX_CERTIFICATES } from '../limits.ts';
import type { Key, KeyMaterial } from '../model.ts';
import { decodeBase64 } from './base64.ts';
import { malformed, Members } from './member.ts';
import { edwardsKey, spkiKey } from './raw-key.ts';

/**
 * Keys as Notary writes them: `{"keytype", "keyval": {"private": null, "public": base64}}`.
 *
 * A key that is unsupported, too weak, or listed under an id that is not its own has no material: its signatures never
 * count, and the file stands or falls with the others (Notary refuses the whole file for a wrong id; that only helps
 * whoever wants updates to fail). The id is computed over exactly keytype, private null and public; other members,
 * `scheme` for one, are no part of it.
 */
export function readKey(what: string, keyId: string, value: Json | undefined, crypto: Crypto): Key {
  const key = new Members(`a key in ${what}`, value, ['keytype', 'keyval']);
  const keyval = new Members(`a key in ${what}`, key.get('keyval'), ['public', 'private']);
  const type = key.string('keytype');
  const text = keyval.string('public');
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw malformed(what, `has a key ${shown(keyId)} whose public part is not strict base64`);
  if (keyIdOf(type, text) !== keyId) return { keyId };
  const material = materialOf(type, bytes, crypto);
  return material === undefined ? { keyId } : { keyId, material };
}

/** The TUF key id; not Notary's canonical id, which leaves the certificate out. */
export function keyIdOf(keytype: string, publicBase64: string): string {
  const keyval: JsonObject = new Map([
    ['private', null],
    ['public', publicBase64],
  ]);
  return sha256Hex(canonicalJson(new Map<string, Json>([['keytype', keytype], ['keyval', keyval]]))); // prettier-ignore
}

function materialOf(type: string, bytes: Uint8Array, crypto: Crypto): KeyMaterial | undefined {
  switch (type) {
    case 'ed25519':
      return edwardsKey(bytes);
    case 'ecdsa':
    case 'rsa':
      return spkiKey(type, bytes, crypto);
    case 'ecdsa-x509':
      return certifiedKey('ecdsa', bytes, crypto);
    case 'rsa-x509':
      return certifiedKey('rsa', bytes, crypto);
    default:
      return undefined;
  }
}

/** Only the leaf's key counts. Its dates do not matter here: for root they are judged with the root, else not at all. */
function certifiedKey(algorithm: 'ecdsa' | 'rsa', bytes: Uint8Array, crypto: Crypto): KeyMaterial | undefined {
  const certificates = bundle(bytes, crypto);
  const leaf = certificates?.[0];
  if (certificates === undefined || leaf === undefined || leaf.weakSignature) return undefined;
  const key = spkiKey(algorithm, leaf.spki, crypto);
  return key === undefined ? undefined : { ...key, certificates };
}

function bundle(bytes: Uint8Array, crypto: Crypto): readonly Certificate[] | undefined {
  let pem: string;
  try {
    pem = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  return crypto.readCertificates(pem, MAX_CERTIFICATES);
}

function shown(keyId: string): string {
  return JSON.stringify(keyId.slice(0, 12));
}
