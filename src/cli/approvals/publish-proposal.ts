import { remake } from '../../approvals/proposal/make-proposal.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { ownContext, type OwnOptions } from './own-context.ts';
import { proposalFrom } from './sign-proposal.ts';

/** Publishes a proposal that has all its signatures: with the gate's own key, and nothing else. */
export async function publishProposalFile(
  context: CommandContext,
  options: OwnOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const proposal = proposalFrom(file);
  const { own } = ownContext(context, { source: options.source ?? proposal.repository });
  const pinned = proposal.files.size === 0 ? undefined : await own.pinned();
  await own.publish(await remake(proposal, pinned));
  const files = proposal.parts.map(({ role, version }) => `${role} version ${version}`);
  if (context.out.json) context.out.document({ repository: own.source.name, published: true, files });
  else
    context.out.fact(
      `Published in ${own.source.name}: ${files.length > 8 ? `${files.length} files` : files.join(', ')}.`,
    );
  return EXIT.done;
}
