export const TOP_LEVEL: ReadonlySet<string> = new Set(['root', 'timestamp', 'snapshot', 'targets']);

const MAX_LENGTH = 255;
const ROOT_FILE = /^[0-9]+\.root$/;

/**
 * TUF 1.0 gives role names no grammar, and `?`, `#`, `/x` and `../x` are in use: they are percent-encoded where a URL, a
 * file or a key is made of them. Control characters and empty names have no use but to hide in one. The file of a role
 * called `2.root` would be the next root, where snapshots are not consistent.
 */
export function isTufRoleName(name: string): boolean {
  return name !== '' && name.length <= MAX_LENGTH && !/\p{Cc}/u.test(name) && !ROOT_FILE.test(name);
}
