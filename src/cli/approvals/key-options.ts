import { readFileSync } from 'node:fs';
import type { KeyEntry } from '../../approvals/document/documents.ts';
import { openSigner } from '../../approvals/keys/open-signer.ts';
import { type PublicKey, readPublicKey } from '../../approvals/keys/public-key.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import type { OwnContext } from './own-context.ts';

/**
 * Public keys that a command names: `NAME.pub` files of those who sign elsewhere, or any key reference, of which the public half is
 * taken. @throws approvals.key · usage
 */
export async function publicKeys(
  { approvals }: Pick<OwnContext, 'approvals'>,
  references: readonly string[],
): Promise<readonly KeyEntry[]> {
  const found: KeyEntry[] = [];
  for (const reference of references) found.push(await publicKey(approvals, reference));
  return found;
}

async function publicKey({ env, passphrases }: OwnContext['approvals'], reference: string): Promise<KeyEntry> {
  const half = publicHalf(reference) ?? (await openSigner(reference, { env, passphrases }));
  return half.entry;
}

/** Of a file that is called `NAME.pub`; undefined for any other reference. @throws approvals.key */
export function publicHalf(reference: string): PublicKey | undefined {
  if (!reference.endsWith('.pub')) return undefined;
  let text: string;
  try {
    text = readFileSync(reference, 'utf8');
  } catch (cause) {
    throw new TufgateError('approvals.key', `cannot read the public key ${reference}: ${messageOf(cause)}`, { cause });
  }
  return readPublicKey(reference, text);
}

/** Digits of a whole key id. */
export const KEY_ID = 64;

/** How the id of a key begins that is named by its id, by the beginning of it, or by its `.pub` file. @throws usage · approvals.key */
export function keyIdStart(key: string): string {
  const start = publicHalf(key)?.keyId ?? key;
  if (/^[0-9a-f]{8,64}$/.test(start)) return start;
  throw new TufgateError(
    'usage',
    `${key} is no key id (8 to 64 hex digits) and no NAME.pub: see tufgate approvals show`,
  );
}

/** @throws usage */
export function thresholdOf(text: string | undefined, keys: number, fallback = 1): number {
  const threshold = text === undefined ? fallback : /^[1-9][0-9]?$/.test(text) ? Number(text) : Number.NaN;
  if (threshold <= keys) return threshold;
  throw new TufgateError('usage', `a threshold is a number from 1 to the number of keys, which is ${keys}`);
}
