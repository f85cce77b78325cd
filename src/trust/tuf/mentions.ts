import type { TrustFile } from './trusted.ts';

/**
 * Which roles a file may delegate to, without parsing it: there may be thousands. Each name is written as it is, or
 * with a backslash: then it may be any.
 */
export function mentions(file: TrustFile, role: string): boolean {
  const found = known.get(file) ?? namesIn(file);
  known.set(file, found);
  return found === ANY || found.has(role) || found.has(role.replace(BIN, ''));
}

const known = new WeakMap<TrustFile, ReadonlySet<string> | typeof ANY>();
const ANY = 'any';
/** What follows the prefix in the name of a bin. */
const BIN = /-[0-9a-f]+$/;
const NAMES = /"name(?:_prefix)?"\s*:\s*"([^"]*)"/g;

function namesIn({ bytes }: TrustFile): ReadonlySet<string> | typeof ANY {
  const text = new TextDecoder().decode(bytes);
  return text.includes('\\') ? ANY : new Set(Array.from(text.matchAll(NAMES), ([, name = '']) => name));
}
