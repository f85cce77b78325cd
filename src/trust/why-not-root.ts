import { codeOf, isReason, messageOf } from '../errors.ts';
import type { TrustSourceConfig } from '../config/config.ts';
import { nodeCrypto } from './crypto.ts';
import { startChain } from './tuf/collection.ts';
import { notaryFormat } from './tuf/format/notary.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/**
 * Why a chain of roots cannot start with this file, as far as the file itself tells; undefined when it can. Dates are not
 * judged: an old root is a good pin for as long as the chain leads on from it.
 */
export function whyNotRoot(kind: TrustSourceConfig['kind'], gun: string, bytes: Uint8Array): string | undefined {
  const format = kind === 'notary' ? notaryFormat : tufFormat;
  try {
    startChain({ format, gun, anchor: { kind: 'root-file', bytes }, crypto: nodeCrypto }, bytes);
    return undefined;
  } catch (error) {
    if (isReason(codeOf(error))) return messageOf(error);
    throw error;
  }
}
