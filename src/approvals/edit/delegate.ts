import { TufgateError } from '../../errors.ts';
import type { Delegations, DelegatedRole, Entry } from '../document/documents.ts';
import { isRoleName } from '../document/role-name.ts';
import { binNames, binsOf, BULK } from './bins.ts';
import type { Delegate, Undelegate } from './change.ts';
import { keysOf, quorum } from './create.ts';
import type { Draft } from './draft.ts';
import { patternsOf } from './patterns.ts';
import { roleFor } from './placement.ts';

type Roles = Extract<Delegations, { readonly kind: 'roles' }>;

/**
 * A role for the owners of repositories: what it does not name, nobody names. What was approved there so far moves to it, and its
 * owners sign that too: else those images would be refused from one moment to the next.
 * @throws usage
 */
export async function delegate(draft: Draft, { role, names, ...change }: Delegate): Promise<void> {
  if (!isRoleName(role) || role === BULK || role.startsWith(`${BULK}-`))
    throw new TufgateError(
      'usage',
      `${JSON.stringify(role)} cannot be the name of a role: small letters, digits, ".", "_" and "-"`,
    );
  const top = await draft.edit('targets');
  const { keys, roles } = rolesOf(top.delegations);
  if (roles.some(({ name }) => name === role))
    throw new TufgateError('usage', `there is a role ${role} already: change it with tufgate approvals authorize`);
  if (names.length === 0)
    throw new TufgateError('usage', `${role} would be in charge of nothing: name repositories or namespaces`);
  const made: DelegatedRole = {
    name: role,
    paths: { kind: 'patterns', of: names.flatMap(patternsOf) },
    ...quorum(change),
  };
  const all = [...roles, made].sort((a, b) => rank(a) - rank(b));
  const delegations: Roles = { kind: 'roles', keys: new Map([...keys, ...keysOf([change])]), roles: all };
  // Not all that its paths permit: what a role before it is in charge of stays where it is looked for.
  const moving = await takeOut(draft, (target) => roleFor(delegations, target) === role, roles);
  top.delegations = delegations;
  draft.add(role, moving);
}

/** One repository before a namespace, a smaller namespace before a larger, and the bins last: the first that matches is in charge. */
function rank({ name, paths }: DelegatedRole): number {
  if (name === BULK) return Number.MAX_SAFE_INTEGER;
  const stars = paths.of.map((pattern) => pattern.split('/').filter((segment) => segment === '*').length);
  const depth = Math.min(...paths.of.map((pattern) => pattern.split('/').length));
  return 1_000 * Math.max(...stars) - depth;
}

/**
 * Withdrawals stay whatever becomes of the rest: what is merely missing could be served again as a tag's past.
 * @throws usage
 */
export async function undelegate(draft: Draft, { role, keep }: Undelegate): Promise<void> {
  const top = await draft.edit('targets');
  const { keys, roles } = rolesOf(top.delegations);
  const gone = roles.find(({ name }) => name === role);
  if (gone === undefined || role === BULK)
    throw new TufgateError(
      'usage',
      `there is no role ${JSON.stringify(role)} to take away: see tufgate approvals show`,
    );
  const said = (await draft.edit(role)).targets;
  const left = roles.filter((each) => each !== gone);
  // Others' words on its names counted for nothing; they must not begin to, unseen, because it goes.
  await takeOut(draft, (target) => roleFor(top.delegations, target) === role, left);
  const needed = new Set(left.flatMap(({ keyIds }) => keyIds));
  top.delegations = { kind: 'roles', keys: new Map([...keys].filter(([id]) => needed.has(id))), roles: left };
  draft.roles.delete(role);
  for (const [target, entry] of said) if (keep || entry.word.kind === 'withdrawn') await draft.put(target, entry);
}

export function rolesOf(delegations: Delegations | undefined): Roles {
  if (delegations?.kind === 'roles') return delegations;
  throw new TufgateError('internal', 'a repository of approvals without roles below targets');
}

/** Out of every role that names some: the bins, and owners' roles that are in charge of more. */
async function takeOut(
  draft: Draft,
  mine: (target: string) => boolean,
  roles: readonly DelegatedRole[],
): Promise<Map<string, Entry>> {
  const bins = await binsOf(draft);
  const holders = [
    ...roles.filter(({ name }) => name !== BULK).map(({ name }) => name),
    ...(bins ? binNames(bins) : []),
  ];
  const found = new Map<string, Entry>();
  for (const role of holders) {
    const targets = [...((await draft.read(role))?.targets ?? [])].filter(([target]) => mine(target));
    if (targets.length === 0) continue;
    const drafted = await draft.edit(role);
    for (const [target, entry] of targets) {
      // The first in charge is who was believed so far.
      if (!found.has(target)) found.set(target, drafted.targets.get(target) ?? entry);
      drafted.targets.delete(target);
    }
  }
  return found;
}
