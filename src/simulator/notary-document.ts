import { canonicalJson } from '../json/canonical.ts';
import { type Json, readJson } from '../json/read.ts';
import type { NotaryKey } from './notary-key.ts';

/** The `signed` part of one metadata file, free to be edited into anything. */
export type Plain = Record<string, unknown>;

/** Signs as Notary does: over the canonical form of what is then written as ordinary JSON. */
export function signDocument(signed: Plain, keys: readonly NotaryKey[]): Uint8Array {
  const text = JSON.stringify(signed);
  const message = canonicalOf(text);
  const signatures = keys.map((key) => ({
    keyid: key.keyId,
    method: key.method,
    sig: key.sign(message).toString('base64'),
  }));
  return Buffer.from(`{"signed":${text},"signatures":${JSON.stringify(signatures)}}`);
}

/** The bytes that signatures are made over. */
export function canonicalOf(text: string): Uint8Array {
  const tree: Json = readJson(Buffer.from(text), { depth: 100, values: 10_000_000, integersOnly: false });
  return canonicalJson(tree);
}
