import { remake } from '../../approvals/proposal/make-proposal.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import type { OwnSource } from '../../approvals/publish/own-repository.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';
import { ownContext, type OwnOptions } from './own-context.ts';
import { proposalFrom } from './sign-proposal.ts';

/**
 * Publishes a proposal that has all its signatures: with the gate's own key, and nothing else. One that is out already is no mistake:
 * whoever was cut short says it again.
 */
export async function publishProposalFile(
  context: CommandContext,
  options: OwnOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const proposal = proposalFrom(file);
  const { own } = ownContext(context, { source: options.source ?? proposal.repository });
  const made = await remake(proposal, proposal.files.size === 0 ? undefined : await own.pinned());
  const before = await own.published(made);
  if (!before) await own.publish(made);
  const files = proposal.parts.map(({ role, version }) => `${role} version ${version}`);
  const root = proposal.files.size === 0 ? sha256Hex((await own.pinned()) ?? new Uint8Array()) : undefined;
  if (context.out.json)
    context.out.document({ repository: own.source.name, published: true, before, files, ...(root && { root }) });
  else for (const line of lines(own.source, files, before, root)) context.out.fact(line);
  return EXIT.done;
}

/** @param root sha256 of the root file, where trust in the repository begins with it */
function lines(
  { name, publish }: OwnSource,
  files: readonly string[],
  before: boolean,
  root: string | undefined,
): readonly string[] {
  const what = files.length > 8 ? `${files.length} files` : files.join(', ');
  const pin = `Other gates pin ${publish.folder}/root.json, sha256 ${root ?? ''}.`;
  return [
    before ? `That is published in ${name} already: ${what}.` : `Published in ${name}: ${what}.`,
    ...(root === undefined ? [] : [pin]),
  ];
}
