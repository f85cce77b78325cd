import type { Delegation, Targets } from './model.ts';
import { permitsName } from './paths.ts';
import { delegatorOf } from './role-name.ts';
import type { Accepted } from './trusted.ts';

/**
 * Notary: which target names a delegated role may speak for: plain prefixes, compared raw, no globs. A child never widens its
 * delegator: of its paths only those count that begin with one of the delegator's own effective paths. A child's path
 * that is shorter is dropped, not narrowed (notary tuf/data/roles.go, RestrictDelegationPathPrefixes).
 */
export function effectivePaths(
  view: { readonly targets: ReadonlyMap<string, Accepted<Targets>> },
  role: string,
): readonly string[] {
  const parent = delegatorOf(role);
  if (parent === undefined) return [''];
  const delegation = view.targets.get(parent)?.model.delegations.find((child) => child.role === role);
  const above = effectivePaths(view, parent);
  return prefixesOf(delegation).filter((path) => permits(above, path));
}

export function permits(prefixes: readonly string[], name: string): boolean {
  return permitsName({ kind: 'prefixes', of: prefixes }, name);
}

function prefixesOf(delegation: Delegation | undefined): readonly string[] {
  return delegation?.paths.kind === 'prefixes' ? delegation.paths.of : [];
}
