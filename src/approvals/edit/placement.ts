import { TufgateError } from '../../errors.ts';
import { binFor } from '../../trust/tuf/bins.ts';
import { permitsName } from '../../trust/tuf/paths.ts';
import type { Delegations } from '../document/documents.ts';
import { BULK } from './bins.ts';

/** Where roles are read from while a repository is changed. */
export type ReadRole = (role: string) => Promise<{ readonly delegations?: Delegations | undefined } | undefined>;

/**
 * The role in charge of a target: the first whose paths permit it, and of bins the one. As a client's search goes (SPEC 5.6.7).
 *
 * The attack: with the server and the key of an owners' role, give it bins. Were they in charge, the role would lose all it says when it
 * is signed anew, and nobody would be told, for it would not have been its own.
 */
export async function holderOf(read: ReadRole, target: string): Promise<string> {
  const role = roleFor((await read('targets'))?.delegations, target);
  if (role !== BULK) return role;
  const below = (await read(role))?.delegations;
  return below?.kind === 'bins' ? binFor(below.bins, target) : role;
}

/** @throws trust.role-path where nobody is in charge */
export function roleFor(delegations: Delegations | undefined, target: string): string {
  const found =
    delegations?.kind === 'roles' ? delegations.roles.find(({ paths }) => permitsName(paths, target)) : undefined;
  if (found === undefined)
    throw new TufgateError('trust.role-path', `no role of this repository is in charge of ${target}`);
  return found.name;
}
