import type { Json, JsonObject } from '../../../json/read.ts';
import type { Key } from '../model.ts';

/**
 * The keys of one file. Each is read when a role names it, and once.
 *
 * The attack: a thousand delegations to one key that is a long bundle of certificates.
 */
export class KeyRing {
  private readonly listed: JsonObject;
  private readonly readKey: (keyId: string, entry: Json | undefined) => Key;
  private readonly read = new Map<string, Key>();

  constructor(listed: JsonObject, readKey: (keyId: string, entry: Json | undefined) => Key) {
    this.listed = listed;
    this.readKey = readKey;
  }

  /** @returns undefined when no key is listed under this id */
  get(keyId: string): Key | undefined {
    if (!this.listed.has(keyId)) return undefined;
    const key = this.read.get(keyId) ?? this.readKey(keyId, this.listed.get(keyId));
    this.read.set(keyId, key);
    return key;
  }
}
