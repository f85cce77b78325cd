import { typedLine } from '../approvals/keys/keyboard.ts';
import { TufgateError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/**
 * Before trust is taken away or moved: a person is asked, a script says `--yes`. Nothing else counts as yes, neither an
 * empty answer nor a pipe that happens to hold a `y`.
 * @throws usage when the answer is no, or nobody can be asked
 */
export async function confirm(
  { out, stdin }: Pick<CommandContext, 'out' | 'stdin'>,
  { yes = false }: { readonly yes?: boolean },
  question: string,
): Promise<void> {
  if (yes) return;
  if (stdin.isTTY !== true) throw new TufgateError('usage', `${question} Say --yes: there is no terminal to ask on`);
  out.message(`${question} [y/N]`);
  const answer = await typedLine(stdin);
  if (answer.kind !== 'cancelled' && /^y(?:es)?$/i.test(answer.text.trim())) return;
  throw new TufgateError('usage', 'not confirmed: nothing was changed');
}
