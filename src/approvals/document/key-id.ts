import { sha256Hex } from '../../trust/tuf/hex.ts';
import { canonicalJson } from '../../json/canonical.ts';
import type { KeyEntry } from './documents.ts';
import { keyJson } from './write-document.ts';

/** The id of a key: sha256 of the canonical form of its entry (SPEC 4.2), in hex. */
export function keyIdOf(key: KeyEntry): string {
  return sha256Hex(canonicalJson(keyJson(key)));
}
