import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../time-words.ts';
import { carryOut } from './carry-out.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface RenewOptions extends OwnOptions {
  readonly within?: string;
}

/** Signs anew, unchanged, what ends soon: for another lifetime. */
export async function renewRoles(
  context: CommandContext,
  { within = '90d', ...options }: RenewOptions,
): Promise<number> {
  const the = ownContext(context, options);
  const ms = parseDuration(within);
  if (ms === undefined) throw new TufgateError('usage', '--within needs a time such as 90d');
  const change = { kind: 'renew', endingBefore: Math.floor((the.now() + ms) / 1_000) * 1_000 } as const;
  const nothing = `Nothing that people sign ends within ${within}.`;
  return await carryOut(the, options, [change], { facts: {}, done: ['Signed anew.'], nothing });
}
