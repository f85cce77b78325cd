import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { carryOut } from './carry-out.ts';
import { publicKeys, thresholdOf } from './key-options.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface DelegateOptions extends OwnOptions {
  /** Of those who are to sign. */
  readonly to?: readonly string[];
  readonly threshold?: string;
}

/** Repositories and namespaces get a role and keys of their own. */
export async function delegateNames(
  context: CommandContext,
  options: DelegateOptions,
  operands: readonly string[],
): Promise<number> {
  const [role = '', ...names] = operands;
  const the = ownContext(context, options);
  const keys = await publicKeys(the, options.to ?? []);
  if (keys.length === 0 || names.length === 0)
    throw new TufgateError(
      'usage',
      'name a role, what it is to be in charge of, and with --to the public keys of those who sign',
    );
  const change = {
    kind: 'delegate',
    role,
    names,
    keys,
    threshold: thresholdOf(options.threshold, keys.length),
  } as const;
  const done = [`${role} is in charge of ${names.join(', ')}.`];
  return await carryOut(the, options, [change], { facts: { role, names }, done });
}

interface UndelegateOptions extends OwnOptions {
  readonly keep?: boolean;
}

/** The role goes; what it approved ends, or with `--keep` moves to who is in charge then. */
export async function undelegateRole(
  context: CommandContext,
  options: UndelegateOptions,
  [role = '']: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const change = { kind: 'undelegate', role, keep: options.keep === true } as const;
  return await carryOut(the, options, [change], { facts: { role }, done: [`There is no role ${role} any more.`] });
}
