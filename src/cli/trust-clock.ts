import { join } from 'node:path';
import { messageOf, TufgateError } from '../errors.ts';
import { lockDataFolder } from '../state/sqlite/lock.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { confirm } from './ask.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-code.ts';
import { recordAct } from './record-act.ts';
import { roughly } from './time-words.ts';

interface ClockOptions {
  readonly reset?: boolean;
  readonly yes?: boolean;
}

/**
 * The highest time seen, which binds: metadata that ended before it stays expired whatever the machine's clock says
 * now. A clock that once ran ahead is the reason to lower it; an attacker who sets clocks back is the reason not to.
 */
export async function trustClock(context: CommandContext, options: ClockOptions): Promise<number> {
  const { data } = context.config();
  // A gate that runs remembers the time it has seen, and would raise it again.
  const unlock = options.reset === true ? lockStopped(data) : undefined;
  const state = openSqliteStore(join(data, 'tufgate.db'));
  try {
    return await tell(context, state, options);
  } finally {
    await state.close();
    unlock?.();
  }
}

/** @throws usage while a gate runs */
function lockStopped(data: string): () => void {
  try {
    return lockDataFolder(join(data, 'serve.lock'));
  } catch (cause) {
    throw new TufgateError('usage', `stop the gate first, then repeat (${messageOf(cause)})`, { cause });
  }
}

async function tell(context: CommandContext, state: StateStore, options: ClockOptions): Promise<number> {
  const { out } = context;
  const machine = Date.now();
  const highest = Math.max(await state.highestClock(), 0);
  const ahead = highest - machine;
  if (!out.json) out.fact(words(highest, machine));
  const lowered = options.reset === true && ahead > 0;
  if (lowered) await lower(context, state, options, highest, machine);
  else if (options.reset === true) out.message('The highest time seen is not ahead of this machine: nothing to reset.');
  const seen = highest === 0 ? null : new Date(highest).toISOString();
  if (out.json) {
    const now = new Date(machine).toISOString();
    out.document({ highest: seen, machine: now, aheadMs: highest === 0 ? 0 : Math.max(0, ahead), reset: lowered });
  }
  return EXIT.done;
}

async function lower(
  context: CommandContext,
  state: StateStore,
  options: ClockOptions,
  highest: number,
  machine: number,
): Promise<void> {
  const from = new Date(highest).toISOString();
  const to = new Date(machine).toISOString();
  await confirm(context, options, `Metadata that ended between ${to} and ${from} will be believed again. Lower it?`);
  const message = `the highest time seen was lowered from ${from} to ${to}; what ended in between is believed again`;
  await recordAct(state, context.config(), { command: 'trust clock --reset', about: '(clock)', message });
  await state.lowerClock(machine);
  context.out.message(message);
}

function words(highest: number, machine: number): string {
  const here = `this machine      ${new Date(machine).toISOString()}`;
  if (highest === 0) return `${here}\nhighest seen      none yet`;
  const ahead = highest - machine;
  const lead = ahead > 0 ? `, ${roughly(ahead)} ahead: it binds until the machine has caught up, or --reset` : '';
  return `${here}\nhighest seen      ${new Date(highest).toISOString()}${lead}`;
}
