import { codeOf, isReason, messageOf } from '../errors.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import { acceptRoot, startChain, type TrustContext, type Trusted } from '../trust/tuf/collection.ts';
import { notaryFormat } from '../trust/tuf/format/notary.ts';
import type { Missing } from './capture-file.ts';

/**
 * How far back the chain of roots below the newest goes without a gap: each signed by the keys of the one before. The
 * newest is what is believed, under its own anchor; the older ones are history, for pins that begin at one of them.
 * @param roots by version
 * @returns the version where the chain to the newest begins, and why it begins no earlier
 */
export function chainBehind(
  gun: string,
  roots: ReadonlyMap<number, Uint8Array>,
  newest: number,
): { readonly from: number; readonly breaks: readonly Missing[] } {
  const ctx: TrustContext = { format: notaryFormat, gun, anchor: { kind: 'first-use' }, crypto: nodeCrypto };
  const breaks: Missing[] = [];
  let from = newest;
  let trusted: Trusted | undefined;
  for (let version = 1; version <= newest; version++) {
    const bytes = roots.get(version);
    const next = bytes && step(ctx, trusted, bytes);
    if (typeof next === 'string') breaks.push({ name: `${version}.root.json`, why: next });
    if (typeof next === 'object' && trusted === undefined) from = version;
    trusted = typeof next === 'object' ? next : undefined;
    // One that does not follow from the one before may be where the rest begins.
    if (typeof next === 'string' && bytes !== undefined) {
      const anew = step(ctx, undefined, bytes);
      if (typeof anew === 'object') [trusted, from] = [anew, version];
    }
  }
  return { from: trusted === undefined ? newest : from, breaks };
}

/** The chain with one root more, or why it cannot be. */
function step(ctx: TrustContext, trusted: Trusted | undefined, bytes: Uint8Array): Trusted | string {
  try {
    return trusted === undefined ? startChain(ctx, bytes) : acceptRoot(ctx, trusted, bytes);
  } catch (error) {
    if (isReason(codeOf(error))) return messageOf(error);
    throw error;
  }
}
