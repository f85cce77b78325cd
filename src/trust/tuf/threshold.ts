import { TufgateError } from '../../errors.ts';
import type { Crypto } from './crypto-port.ts';
import type { Key, Model, Signed } from './model.ts';
import { verifies } from './signature.ts';

/** Who of an authority has signed a file. */
export interface SignedBy {
  /** Key ids, in the order of the signatures. */
  readonly signers: readonly string[];
  /** Identities of the distinct public keys behind them. */
  readonly signerKeys: readonly string[];
}

/**
 * Unknown key ids and signatures that do not verify are passed over; a key id counts once however often it signed.
 * @param counts asked once about each key whose signature verifies, in the order of the signatures, and of no other
 */
export function signedBy(
  crypto: Crypto,
  keys: readonly Key[],
  signed: Signed<Model>,
  counts: (key: Key) => boolean = () => true,
): SignedBy {
  const byId = new Map(keys.map((key) => [key.keyId, key]));
  const verified = new Set<string>();
  const signers: string[] = [];
  const identities = new Set<string>();
  for (const signature of signed.signatures) {
    const key = byId.get(signature.keyId);
    if (key?.material === undefined || verified.has(key.keyId)) continue;
    if (!verifies(crypto, key.material, signature, signed.message)) continue;
    verified.add(key.keyId);
    if (!counts(key)) continue;
    signers.push(key.keyId);
    identities.add(key.material.identity);
  }
  return { signers, signerKeys: [...identities] };
}

/**
 * A threshold counts distinct public keys (invariant 5): one key listed under two ids, or in two certificates, is one.
 * @param advice what the reader can do when nobody has signed
 * @returns why it is not met: `trust.signature` when nobody has signed, else `trust.threshold`
 */
export function shortOfThreshold(what: string, by: SignedBy, threshold: number, advice = ''): TufgateError | undefined {
  const count = by.signerKeys.length;
  if (count >= threshold) return undefined;
  if (count === 0)
    return new TufgateError('trust.signature', `${what} carries no valid signature of a key that may sign it${advice}`);
  const why = `is signed by ${count} of the ${threshold} distinct keys that it needs`;
  return new TufgateError('trust.threshold', `${what} ${why}`, { detail: { count, threshold } });
}
