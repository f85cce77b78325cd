const DELEGATION = /^targets(?:\/[-a-z0-9_]+)+$/;
const MAX_LENGTH = 255;

/**
 * Names of delegated roles become parts of URLs and keys in the database, so they are judged before either is built:
 * `targets/` and path-clean segments of `[-a-z0-9_]`, as Notary's IsDelegation. No dots, so no `..`.
 */
export function isDelegationName(name: string): boolean {
  return name.length <= MAX_LENGTH && DELEGATION.test(name);
}

/** `targets/a/b` → `targets/a`; undefined for `targets`. */
export function delegatorOf(role: string): string | undefined {
  const slash = role.lastIndexOf('/');
  return slash === -1 ? undefined : role.slice(0, slash);
}

/** `targets/a/b` → `targets`, `targets/a`, `targets/a/b`. */
export function pathTo(role: string): readonly string[] {
  const segments = role.split('/');
  return segments.map((_, i) => segments.slice(0, i + 1).join('/'));
}
