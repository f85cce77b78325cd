import { TufgateError } from '../../../errors.ts';
import type { JsonObject } from '../../../json/read.ts';
import type { Crypto } from '../crypto-port.ts';
import { MAX_KEYS } from '../limits.ts';
import type { Authority } from '../model.ts';
import { KeyRing } from './key-ring.ts';
import { malformed, type Members } from './member.ts';
import { readTufKey } from './tuf-key.ts';

export function tufKeys(what: string, listed: JsonObject, crypto: Crypto): KeyRing {
  return new KeyRing(listed, (keyId, entry) => readTufKey(what, keyId, entry, crypto));
}

/**
 * A threshold above the number of keys is legal and never met. An id without a key is a key that never counts, as for
 * the other clients.
 */
export function readAuthority(role: Members, keys: KeyRing): Authority {
  const keyIds = requiredStrings(role, 'keyids');
  if (keyIds.length > MAX_KEYS) throw new TufgateError('trust.too-large', `${role.what} has over ${MAX_KEYS} keys`);
  if (new Set(keyIds).size < keyIds.length) throw malformed(role.what, 'names one key twice');
  return { keys: keyIds.map((keyId) => keys.get(keyId) ?? { keyId }), threshold: role.integer('threshold', 1) };
}

export function requiredStrings(members: Members, name: string): readonly string[] {
  members.array(name);
  return members.strings(name);
}
