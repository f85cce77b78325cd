import { TOP_ROLES } from './documents.ts';

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/**
 * Roles are files: a name with nothing in it that a web server, a file system or a URL reads in a way of its own. Repositories have
 * slashes, so a role is not called as its repository is.
 */
export function isRoleName(name: string): boolean {
  return NAME.test(name) && !(TOP_ROLES as readonly string[]).includes(name);
}
