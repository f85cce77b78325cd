/** What the files of a repository with consistent snapshots are called (SPEC 6.2). Role names need no escaping: see `isRoleName`. */
export function fileName(role: string, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
}

/** The role and version that a file name stands for; undefined for any other file. */
export function parseFileName(name: string): { readonly role: string; readonly version: number } | undefined {
  const found = /^([1-9][0-9]{0,14})\.([a-z0-9][a-z0-9._-]*)\.json$/.exec(name);
  return found === null ? undefined : { role: String(found[2]), version: Number(found[1]) };
}
