import { sha256Hex } from './hex.ts';
import type { Paths } from './model.ts';
import { matches } from './path-pattern.ts';

/** Whether a delegation lets its role speak for this target. What lets it speak for several need hold only once. */
export function permitsName(paths: Paths, name: string): boolean {
  switch (paths.kind) {
    case 'prefixes':
      return paths.of.some((prefix) => name.startsWith(prefix));
    case 'patterns':
      return paths.of.some((pattern) => matches(pattern, name));
    case 'hash-prefixes': {
      const hash = sha256Hex(new TextEncoder().encode(name));
      return paths.of.some((prefix) => hash.startsWith(prefix));
    }
  }
}
