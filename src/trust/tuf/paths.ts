import { sha256Hex } from './hex.ts';
import type { Paths } from './model.ts';
import { matches, type Steps } from './path-pattern.ts';

/** Whether a delegation lets its role speak for this target. What lets it speak for several need hold only once. */
export function permitsName(paths: Paths, name: string): boolean {
  return permissionsFor(name)(paths);
}

/** What hashing a name costs beside its length. */
const HASH_STEPS = 256;

/** The same, for one target and thousands of delegations: its hash is computed once. */
export function permissionsFor(name: string, steps?: Steps): (paths: Paths) => boolean {
  let known: string | undefined;
  const hash = (): string => {
    if (known !== undefined) return known;
    steps?.spend(HASH_STEPS + name.length);
    return (known = sha256Hex(new TextEncoder().encode(name)));
  };
  return (paths) => {
    switch (paths.kind) {
      case 'prefixes':
        return paths.of.some((prefix) => name.startsWith(prefix));
      case 'patterns':
        return paths.of.some((pattern) => matches(pattern, name, steps));
      case 'hash-prefixes':
        steps?.spend(paths.of.length);
        return paths.of.some((prefix) => hash().startsWith(prefix));
    }
  };
}
