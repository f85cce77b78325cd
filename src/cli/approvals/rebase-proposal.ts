import { explain } from '../../approvals/proposal/explain.ts';
import { explanationLines } from '../../approvals/proposal/explain-words.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { writeProposal } from './carry-out.ts';
import { ownContext, type OwnOptions } from './own-context.ts';
import { proposalFrom } from './sign-proposal.ts';

/** The same changes on the repository as it stands now. Signatures were made over other files: they are gone. */
export async function rebaseProposal(
  context: CommandContext,
  options: OwnOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const { changes, repository } = proposalFrom(file);
  const { own } = ownContext(context, { source: options.source ?? repository });
  const made = await own.propose(changes);
  for (const line of explanationLines(await explain(made))) context.out.message(line);
  writeProposal(file, made, true);
  if (context.out.json)
    context.out.document({ proposal: file, repository, files: made.proposal.parts.map(({ role }) => role) });
  else {
    context.out.fact(`${file} is made anew on what is published now. It has to be signed again:`);
    context.out.fact(`tufgate approvals sign ${file} --key KEY --again (what was signed before was never published)`);
  }
  return EXIT.done;
}
