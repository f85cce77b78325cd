import type { Quorum, TargetsDocument } from '../../approvals/document/documents.ts';
import { TOP_ROLES } from '../../approvals/document/documents.ts';
import { instantText } from '../../text/instant-text.ts';
import { explain } from '../../approvals/proposal/explain.ts';
import { explanationLines } from '../../approvals/proposal/explain-words.ts';
import { remake } from '../../approvals/proposal/make-proposal.ts';
import { signingOf } from '../../approvals/proposal/signatures.ts';
import type { Standing } from '../../approvals/standing/standing.ts';
import { keyFilesIn } from '../../approvals/keys/key-files.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { proposalFrom } from './sign-proposal.ts';
import { lackingLines } from './sign-with.ts';
import { pinnedRoot } from './pinned-root.ts';

interface ShowOptions extends OwnOptions {
  readonly root?: string;
}

/** The repository: who signs what, and until when it counts. Or a proposal: what would be signed, and by whom. */
export async function showApprovals(
  context: CommandContext,
  options: ShowOptions,
  [file]: readonly string[],
): Promise<number> {
  if (file !== undefined) return await showProposal(context, options, file);
  const the = ownContext(context, options);
  const standing = await the.own.standing();
  const report = await reportOf(the, standing);
  if (context.out.json) context.out.document(report);
  else for (const line of lines(report)) context.out.fact(line);
  return EXIT.done;
}

async function showProposal(context: CommandContext, options: ShowOptions, file: string): Promise<number> {
  const proposal = proposalFrom(file);
  const made = await remake(
    proposal,
    proposal.files.size === 0 ? undefined : await pinnedRoot(context, options, proposal.repository),
  );
  const [explained, lacking] = [explanationLines(await explain(made)), lackingLines(await signingOf(made))];
  const { repository, created } = proposal;
  if (context.out.json)
    context.out.document({ repository, created: instantText(created), changes: explained, lacking });
  else {
    context.out.fact(`Proposal for ${repository}, made at ${instantText(created)}:`);
    for (const line of explained) context.out.fact(line);
    for (const line of lacking.length === 0 ? ['All signatures are there: tufgate approvals publish'] : lacking)
      context.out.fact(line);
  }
  return EXIT.done;
}

interface RoleReport extends Quorum {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly paths?: readonly string[];
}

interface Report {
  readonly repository: string;
  readonly folder: string;
  readonly roles: readonly RoleReport[];
  readonly bins: number;
  /** By key id. */
  readonly keyFiles: ReadonlyMap<string, string>;
}

async function reportOf({ own }: OwnContext, standing: Standing): Promise<Report> {
  const { root, snapshot, timestamp } = standing;
  const targets = await standing.role('targets');
  const versions = { root, snapshot, timestamp, targets: targets?.document ?? root };
  const top = TOP_ROLES.map((role) => ({
    role,
    version: versions[role].version,
    expires: instantText(versions[role].expires),
    ...root.roles[role],
  }));
  const delegated = await delegatedRoles(standing, targets?.document);
  const bins = [...delegated].find(({ role }) => role === 'bulk');
  const below = bins === undefined ? undefined : (await standing.role('bulk'))?.document.delegations;
  return {
    repository: own.source.name,
    folder: own.source.publish.folder,
    roles: [...top, ...delegated],
    bins: below?.kind === 'bins' ? 2 ** below.bins.bits : 0,
    keyFiles: new Map(keyFilesIn(own.source.publish.keys).map(({ keyId, file }) => [keyId, file])),
  };
}

async function delegatedRoles(
  standing: Standing,
  targets: TargetsDocument | undefined,
): Promise<readonly RoleReport[]> {
  const found: RoleReport[] = [];
  for (const { name, paths, keyIds, threshold } of targets?.delegations?.kind === 'roles'
    ? targets.delegations.roles
    : []) {
    const document = (await standing.role(name))?.document;
    if (document === undefined) continue;
    const { version, expires } = document;
    found.push({ role: name, version, expires: instantText(expires), keyIds, threshold, paths: paths.of });
  }
  return found;
}

function lines({ repository, folder, roles, bins, keyFiles }: Report): readonly string[] {
  return [
    `${repository}, published in ${folder}`,
    ...roles.flatMap(({ role, version, expires, threshold, keyIds, paths }) => [
      `${role}  version ${version}, until ${expires}, signed by ${threshold} of ${keyIds.length}`,
      ...(paths === undefined || role === 'bulk' ? [] : [`    in charge of ${paths.join('  ')}`]),
      ...(role === 'bulk' ? [`    in charge of all other images, in ${bins} files`] : []),
      ...keyIds.map((id) => `    key ${id}${keyFiles.has(id) ? `  ${keyFiles.get(id) ?? ''}` : ''}`),
    ]),
  ];
}
