import type { KeyEntry, Quorum } from '../../approvals/document/documents.ts';
import { TOP_ROLES } from '../../approvals/document/documents.ts';
import { keyIdOf } from '../../approvals/document/key-id.ts';
import type { Change } from '../../approvals/edit/change.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { carryOut } from './carry-out.ts';
import { KEY_ID, keyIdStart, publicKeys, thresholdOf } from './key-options.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';

interface AuthorizeOptions extends OwnOptions {
  /** Public keys, by reference. */
  readonly add?: readonly string[];
  /** Key ids, the beginning of one, or `NAME.pub`. */
  readonly remove?: readonly string[];
  readonly threshold?: string;
  /** What rested on the removed keys ends. */
  readonly stolen?: boolean;
}

/** Who signs a role: keys to add and to remove, and how many have to. */
export async function authorizeRoles(
  context: CommandContext,
  options: AuthorizeOptions,
  roles: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const added = await publicKeys(the, options.add ?? []);
  const changes: Change[] = [];
  for (const role of roles) changes.push(await changeOf(the, role, options, added));
  const done = roles.map((role) => `Who signs ${role} has changed.`);
  return await carryOut(the, options, changes, { facts: { roles }, done });
}

async function changeOf(
  the: OwnContext,
  role: string,
  options: AuthorizeOptions,
  added: readonly KeyEntry[],
): Promise<Change> {
  const { quorum, keys: known } = await standingQuorum(the, role);
  const removed = (options.remove ?? []).map((key) => meant(role, quorum, key, options.stolen === true));
  const kept = quorum.keyIds.filter((id) => !removed.includes(id)).flatMap((id) => known.get(id) ?? []);
  const keys = [...new Map([...kept, ...added].map((key) => [keyIdOf(key), key])).values()];
  if (keys.length === 0)
    throw new TufgateError('usage', `nobody would be left to sign ${role}: --add a key in the same step`);
  refuseFewer(role, options, quorum.threshold, keys.length);
  const threshold = thresholdOf(options.threshold, keys.length, quorum.threshold);
  return { kind: 'authorize', role, keys, threshold, distrust: options.stolen === true ? removed : [] };
}

/** Fewer signatures than before are never a by-effect: whoever wants that says so. */
function refuseFewer(role: string, { threshold }: AuthorizeOptions, wanted: number, left: number): void {
  if (threshold !== undefined || left >= wanted) return;
  const why = `${wanted} have to sign ${role}, and ${left} ${left === 1 ? 'key' : 'keys'} would be left`;
  throw new TufgateError('usage', `${why}: --add a key in the same step, or say --threshold ${left}`);
}

/** Who signs a role now. @throws upstream.not-found */
export async function standingQuorum(
  { own }: Pick<OwnContext, 'own'>,
  role: string,
): Promise<{ readonly quorum: Quorum; readonly keys: ReadonlyMap<string, KeyEntry> }> {
  const standing = await own.standing();
  const top = TOP_ROLES.find((each) => each === role);
  if (top !== undefined) return { quorum: standing.root.roles[top], keys: standing.root.keys };
  const delegations = (await standing.role('targets'))?.document.delegations;
  const found = delegations?.kind === 'roles' ? delegations.roles.find(({ name }) => name === role) : undefined;
  if (found !== undefined && delegations !== undefined) return { quorum: found, keys: delegations.keys };
  throw new TufgateError(
    'upstream.not-found',
    `${own.source.name} has no role ${JSON.stringify(role)}: see tufgate approvals show`,
  );
}

/** A thief's key that may sign no more can still be distrusted, by its whole id. */
function meant(role: string, { keyIds }: Quorum, key: string, stolen: boolean): string {
  const start = keyIdStart(key);
  const [found, other] = keyIds.filter((id) => id.startsWith(start));
  if (found !== undefined && other === undefined) return found;
  if (found === undefined && stolen && start.length === KEY_ID) return start;
  const why =
    other === undefined
      ? `no key of ${role} has an id that begins with ${start}`
      : `${start} is the beginning of several ids`;
  throw new TufgateError('usage', `${why}: see tufgate approvals show`);
}
