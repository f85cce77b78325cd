import { canonicalJson } from '../json/canonical.ts';
import type { Json } from '../json/read.ts';
import type { TufSigner } from './tuf-key.ts';

/** The `signed` part of one metadata file, or a part of that, free to be edited into anything. */
export type Plain = Record<string, unknown>;

/** Signs the canonical form and writes ordinary JSON. A signer that stands twice signs twice. */
export function signDocument(signed: Plain, signers: readonly TufSigner[]): Uint8Array {
  const text = JSON.stringify(signed);
  const message = canonicalOf(text);
  const signatures = signers.map((signer) => ({
    keyid: signer.keyId,
    sig: Buffer.from(signer.sign(message)).toString('hex'),
  }));
  return Buffer.from(`{"signed":${text},"signatures":${JSON.stringify(signatures)}}`);
}

/** The bytes that signatures are made over. */
export function canonicalOf(text: string): Uint8Array {
  const odd: string[] = [];
  const bytes = canonicalJson(treeOf(JSON.parse(text), odd));
  if (odd.length === 0) return bytes;
  return Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replace(ODD, (_, at: string) => odd[Number(at)] ?? ''),
  );
}

/** In the place of a number that canonical JSON does not have, until the rest is written. */
const ODD = /"\u0000odd number (\d+)"/g;

/**
 * Canonical JSON has no `1.5` and no `1e30`, but a signer without scruples, and a client that reads them, write them
 * as JavaScript does: so that a client which forgets to refuse such a version meets a good signature on it.
 */
function treeOf(value: unknown, odd: string[]): Json {
  if (Array.isArray(value)) return value.map((element) => treeOf(element, odd));
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, member]) => [name, treeOf(member, odd)]));
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    return `\u0000odd number ${odd.push(String(value)) - 1}`;
  return value as Json;
}
