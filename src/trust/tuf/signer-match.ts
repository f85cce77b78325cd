/**
 * How many of these roles can be given a key of their own, no key used twice (a maximum bipartite matching)?
 *
 * The attack: one person's key in two roles, so that "QA and security have signed" is one signature. Roles often share
 * keys honestly, so counting distinct keys over all roles is not enough either: role A by key 1, B by keys 1 and 2 is
 * two; A by 1, B by 1 and C by 2 and 3 is two, not three.
 *
 * @param keysByRole identities of the public keys whose signatures verified, by role
 */
export function distinctSigners(keysByRole: ReadonlyMap<string, readonly string[]>): number {
  const roleOfKey = new Map<string, string>();
  const assign = (role: string, tried: Set<string>): boolean =>
    (keysByRole.get(role) ?? []).some((key) => {
      if (tried.has(key)) return false;
      tried.add(key);
      const holder = roleOfKey.get(key);
      if (holder !== undefined && !assign(holder, tried)) return false;
      roleOfKey.set(key, role);
      return true;
    });
  return [...keysByRole.keys()].filter((role) => assign(role, new Set())).length;
}
