import { append } from './append.ts';
import type { TrustFile } from './trusted.ts';

/**
 * Which files may delegate to a role, without parsing them: there may be thousands. Each name is written as it is, or
 * with a backslash: then it may be any.
 */
export interface Mentions {
  /** Roles of the files that name this role, or its bins. */
  of(role: string): readonly string[];
  /** Roles of the files that may name every role. */
  readonly ofAny: readonly string[];
}

export function mentionsIn(files: readonly TrustFile[]): Mentions {
  const byName = new Map<string, string[]>();
  const ofAny: string[] = [];
  for (const file of files) {
    const names = known.get(file) ?? namesIn(file);
    known.set(file, names);
    if (names === ANY) ofAny.push(file.role);
    else for (const name of names) append(byName, name, file.role);
  }
  return { ofAny, of: (role) => [...new Set([role, role.replace(BIN, '')])].flatMap((name) => byName.get(name) ?? []) };
}

const known = new WeakMap<TrustFile, ReadonlySet<string> | typeof ANY>();
const ANY = 'any';
/** What follows the prefix in the name of a bin. */
const BIN = /-[0-9a-f]+$/;
const NAMES = /"name(?:_prefix)?"\s*:\s*"([^"]*)"/g;

function namesIn({ bytes }: TrustFile): ReadonlySet<string> | typeof ANY {
  const text = new TextDecoder().decode(bytes);
  return text.includes('\\') ? ANY : new Set(Array.from(text.matchAll(NAMES), (found) => String(found[1])));
}
