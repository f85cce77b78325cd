import { TufgateError } from '../../errors.ts';
import { canonicalJson } from '../../json/canonical.ts';
import { type Json, type JsonObject, readJson } from '../../json/read.ts';
import { sameBytes, sha256Hex } from '../../trust/tuf/hex.ts';
import type { Protection } from './private-key.ts';

/** One key of a backup; nothing in it is unencrypted. */
export interface BackedUpKey {
  /** Of its file, without a folder. */
  readonly name: string;
  /** PEM, "-----BEGIN ENCRYPTED PRIVATE KEY-----". */
  readonly private: string;
  /** PEM SubjectPublicKeyInfo. */
  readonly public: string;
  /** How its file was kept: a `plain` one was encrypted for the backup, and is plain again after a restore. */
  readonly kept: Protection;
}

export const MAX_BACKUP = 8 * 2 ** 20;
const FORMAT = 'tufgate-keys-1';
const LIMITS = { depth: 4, values: 20_000, integersOnly: true };
const MEMBERS = ['name', 'private', 'public', 'kept', 'sha256'];
/** No folder, nothing hidden: a backup says where a file goes, and must not say so far away. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._ @+-]{0,127}$/;

/**
 * A backup is JSON: `{"format", "keys": [{"name", "private", "public", "kept", "sha256"}], "sha256"}`. The sha256 of a key is
 * over its `private`, the one of the file over the canonical JSON of `keys`. People can read it, and any JSON reader and
 * openssl get the keys out of it without this program.
 */
export function writeBackup(keys: readonly BackedUpKey[]): Uint8Array {
  const list = keys.map((key) => ({
    name: key.name,
    private: key.private,
    public: key.public,
    kept: key.kept,
    sha256: digest(key.private),
  }));
  const sha256 = sha256Hex(canonicalJson(list.map((key) => new Map(Object.entries(key)))));
  return Buffer.from(`${JSON.stringify({ format: FORMAT, keys: list, sha256 }, null, 2)}\n`);
}

/**
 * The keys of a backup. What is read is written again and must be the same to the byte, so that no change is without
 * effect: not even white space.
 * @throws archive.damaged
 */
export function readBackup(name: string, bytes: Uint8Array): readonly BackedUpKey[] {
  const damaged = (why: string, cause?: unknown): TufgateError =>
    new TufgateError('archive.damaged', `${name} is not the backup that was written: ${why}; use another copy`, {
      cause,
    });
  try {
    const keys = keysOf(readJson(bytes, LIMITS));
    if (new Set(keys.map((key) => key.name)).size !== keys.length) throw damaged('two keys have one name');
    if (!sameBytes(writeBackup(keys), bytes)) throw damaged('its sha256 is another one');
    return keys;
  } catch (cause) {
    if (cause instanceof TufgateError) throw cause;
    throw damaged('it cannot be read', cause);
  }
}

function keysOf(document: Json): readonly BackedUpKey[] {
  const list = document instanceof Map ? (document as JsonObject).get('keys') : undefined;
  if (!Array.isArray(list)) throw new TypeError('no list of keys');
  return (list as readonly Json[]).map(keyOf);
}

function keyOf(value: Json): BackedUpKey {
  if (!(value instanceof Map) || value.size !== MEMBERS.length) throw new TypeError('not a key');
  const [name = '', secret = '', open = '', kept = ''] = MEMBERS.map((member) => (value as JsonObject).get(member));
  if (typeof name !== 'string' || !NAME.test(name)) throw new TypeError('not a name of a key');
  if (typeof secret !== 'string' || typeof open !== 'string') throw new TypeError('not PEM');
  if (kept !== 'plain' && kept !== 'passphrase') throw new TypeError('not known how it is kept');
  return { name, private: secret, public: open, kept };
}

export function isKeyName(name: string): boolean {
  return NAME.test(name);
}

function digest(text: string): string {
  return sha256Hex(Buffer.from(text, 'utf8'));
}
