import { TufgateError } from '../../errors.ts';
import { approvalIn } from '../document/approval-in.ts';
import type { Approval, Delegations, Quorum, RootDocument, TopRole } from '../document/documents.ts';
import { TOP_ROLES } from '../document/documents.ts';
import { parseTarget, tagTarget } from '../document/names.ts';
import type { StandingRole } from '../standing/standing.ts';
import { setUntil } from './approve.ts';
import { restsOn } from './attribution.ts';
import { binNames, binsOf, BULK } from './bins.ts';
import type { Authorize } from './change.ts';
import { keysOf, quorum } from './create.ts';
import { rolesOf } from './delegate.ts';
import type { Draft } from './draft.ts';

/**
 * Other keys or another threshold for a role. Its files are signed anew where those who signed them no longer suffice.
 * Distrusted keys were stolen: what would not have been approved without them is dropped from the files, to be approved again by
 * whoever looks at it (`approvals affected` lists it).
 * @throws usage
 */
export async function authorize(draft: Draft, change: Authorize): Promise<void> {
  const { role } = change;
  if (isTop(role)) {
    const { threshold } = draft.currentRoot.roles[role];
    draft.editRoot((root) => withQuorum(root, role, change));
    if (role === 'targets') await signAnew(draft, ['targets'], change, threshold);
    return;
  }
  const top = await draft.edit('targets');
  const delegations = rolesOf(top.delegations);
  const before = delegations.roles.find(({ name }) => name === role);
  if (before === undefined)
    throw new TufgateError('usage', `there is no role ${JSON.stringify(role)}: see tufgate approvals show`);
  const roles = delegations.roles.map((each) => (each.name === role ? { ...each, ...quorum(change) } : each));
  top.delegations = { kind: 'roles', roles, keys: onlyNeeded(delegations.keys, change, roles) };
  await signAnew(draft, role === BULK ? await bulkFiles(draft, change) : [role], change, before.threshold);
}

function withQuorum(root: RootDocument, role: TopRole, change: Authorize): Pick<RootDocument, 'keys' | 'roles'> {
  const roles = { ...root.roles, [role]: quorum(change) };
  return { roles, keys: onlyNeeded(root.keys, change, Object.values(roles)) };
}

function onlyNeeded(keys: RootDocument['keys'], change: Authorize, quorums: readonly Quorum[]): RootDocument['keys'] {
  const needed = new Set(quorums.flatMap(({ keyIds }) => keyIds));
  return new Map([...keys, ...keysOf([change])].filter(([id]) => needed.has(id)));
}

/** The role that holds the bins says their keys itself. */
async function bulkFiles(draft: Draft, change: Authorize): Promise<readonly string[]> {
  const bulk = await draft.edit(BULK);
  const bins = await binsOf(draft);
  if (bins === undefined) return [BULK];
  const next = { ...bins, ...quorum(change) };
  const delegations: Delegations = { kind: 'bins', keys: keysOf([change]), bins: next };
  bulk.delegations = delegations;
  return [BULK, ...binNames(bins)];
}

/** @param before how many had to sign: it says what rested on whom, so that what ends is what `approvals affected` has listed */
async function signAnew(draft: Draft, roles: readonly string[], change: Authorize, before: number): Promise<void> {
  const { keyIds, threshold } = quorum(change);
  const stolen = { distrust: change.distrust, threshold: before };
  for (const role of roles) {
    const standing = await draft.standing?.role(role);
    if (standing === undefined) continue;
    const left = standing.signers.filter((key) => keyIds.includes(key));
    const affected = affectedIn(standing, stolen);
    if (left.length < threshold || affected.length > 0) await draft.edit(role);
    for (const target of affected) draft.roles.get(role)?.targets.delete(target);
  }
  if (change.distrust.length > 0) for (const role of roles) await mendDigests(draft, role, stolen);
}

type Said = Pick<StandingRole, 'document' | 'signers'>;

/** Keys that are distrusted, and how many had to sign. */
type Stolen = Pick<Authorize, 'distrust' | 'threshold'>;

/** What a file says only because of some keys: tags, and digests that were approved for themselves. @param stolen by key id */
export function restedOn(
  { document, signers }: Said,
  stolen: (keyId: string) => boolean,
  threshold: number,
): readonly string[] {
  const approvals = [...document.targets].flatMap(([target, { word }]) => {
    const approval = approvalIn(word);
    return approval === undefined ? [] : [{ target, approval }];
  });
  const named = approvals.flatMap(({ approval: { keys = [], carried = [] } }) => [...keys, ...carried.flat()]);
  const known = new Set([...signers, ...named]);
  const rests = restingOn(signers, { distrust: [...known].filter(stolen), threshold });
  return approvals.flatMap(({ target, approval }) => (rests(approval) ? [target] : []));
}

/** Targets of the file whose approval rests on distrusted keys. */
export function affectedIn({ document, signers }: Said, stolen: Stolen): readonly string[] {
  const rests = restingOn(signers, stolen);
  return [...document.targets].flatMap(([target, { word }]) =>
    word.kind === 'approval' && rests(word) ? [target] : [],
  );
}

function restingOn(signers: readonly string[], { distrust, threshold }: Stolen): (approval: Approval) => boolean {
  const stolen = new Set(distrust);
  return (approval) => restsOn(approval, signers, stolen, threshold);
}

/**
 * A digest is approved by the tags that really stand for it, and by those who approved it for itself.
 *
 * The attack: with the stolen key, name a digest for a tag that does not stand for it, or for none at all, and hope that only tags are
 * looked at.
 */
async function mendDigests(draft: Draft, role: string, stolen: Stolen): Promise<void> {
  const signers = (await draft.standing?.role(role))?.signers ?? [];
  const rests = restingOn(signers, stolen);
  for (const [target, entry] of [...((await draft.read(role))?.targets ?? [])]) {
    if (entry.word.kind !== 'named' || (await draft.holder(target)) !== role) continue;
    const { repository } = parseTarget(target);
    const tags = await tagsOf(draft, repository, entry.sha256, entry.word.tags);
    const { own } = entry.word;
    const kept = own === undefined || rests(own) ? undefined : own;
    if (tags.length > 0 && tags.length === entry.word.tags.length && kept === own) continue;
    const word = tags.length > 0 ? ({ kind: 'named', tags, ...(kept && { own: kept }) } as const) : kept;
    if (word === undefined) await draft.remove(target);
    else await draft.put(target, { ...entry, word });
    await setUntil(draft, repository, entry.sha256);
  }
}

async function tagsOf(
  draft: Draft,
  repository: string,
  sha256: string,
  tags: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const tag of tags) if ((await draft.entry(tagTarget(repository, tag)))?.sha256 === sha256) found.push(tag);
  return found;
}

function isTop(role: string): role is TopRole {
  return (TOP_ROLES as readonly string[]).includes(role);
}
