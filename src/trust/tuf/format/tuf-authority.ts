import { TufgateError } from '../../../errors.ts';
import type { JsonObject } from '../../../json/read.ts';
import type { Crypto } from '../crypto-port.ts';
import { MAX_KEYS } from '../limits.ts';
import type { Authority, Key } from '../model.ts';
import { malformed, type Members } from './member.ts';
import { readTufKey } from './tuf-key.ts';

/** The keys of one file. Each is read when a role names it, and once: ten thousand delegations may share one. */
export class KeyRing {
  private readonly what: string;
  private readonly listed: JsonObject;
  private readonly crypto: Crypto;
  private readonly read = new Map<string, Key>();

  constructor(what: string, listed: JsonObject, crypto: Crypto) {
    this.what = what;
    this.listed = listed;
    this.crypto = crypto;
  }

  /** An id without a key is a key that never counts, as for the other clients. */
  get(keyId: string): Key {
    if (!this.listed.has(keyId)) return { keyId };
    const key = this.read.get(keyId) ?? readTufKey(this.what, keyId, this.listed.get(keyId), this.crypto);
    this.read.set(keyId, key);
    return key;
  }
}

/** A threshold above the number of keys is legal and never met. */
export function readAuthority(role: Members, keys: KeyRing): Authority {
  const keyIds = requiredStrings(role, 'keyids');
  if (keyIds.length > MAX_KEYS) throw new TufgateError('trust.too-large', `${role.what} has over ${MAX_KEYS} keys`);
  if (new Set(keyIds).size < keyIds.length) throw malformed(role.what, 'names one key twice');
  return { keys: keyIds.map((keyId) => keys.get(keyId)), threshold: role.integer('threshold', 1) };
}

export function requiredStrings(members: Members, name: string): readonly string[] {
  members.array(name);
  return members.strings(name);
}
