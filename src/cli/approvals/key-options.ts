import { readFileSync } from 'node:fs';
import type { KeyEntry } from '../../approvals/document/documents.ts';
import { openSigner } from '../../approvals/keys/open-signer.ts';
import { readPublicKey } from '../../approvals/keys/public-key.ts';
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
  if (!reference.endsWith('.pub')) return (await openSigner(reference, { env, passphrases })).entry;
  let text: string;
  try {
    text = readFileSync(reference, 'utf8');
  } catch (cause) {
    throw new TufgateError('approvals.key', `cannot read the public key ${reference}: ${messageOf(cause)}`, { cause });
  }
  return readPublicKey(reference, text).entry;
}

/** @throws usage */
export function thresholdOf(text: string | undefined, keys: number, fallback = 1): number {
  const threshold = text === undefined ? fallback : /^[1-9][0-9]?$/.test(text) ? Number(text) : Number.NaN;
  if (threshold <= keys) return threshold;
  throw new TufgateError('usage', `a threshold is a number from 1 to the number of keys, which is ${keys}`);
}
