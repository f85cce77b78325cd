import { join } from 'node:path';
import type { NotaryConfig } from '../config/config.ts';
import { pinWords, withoutPin, withPin } from '../config/edit-pins.ts';
import { replaceFile } from '../config/replace-file.ts';
import { TufgateError } from '../errors.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { confirm } from './ask.ts';
import type { CommandContext } from './context.ts';
import { pinWordsFor } from './coverage.ts';
import { EXIT } from './exit-code.ts';
import { effectsOf, effectWords, type PinEffect } from './pin-effects.ts';
import { nameBelow, type PinOptions, pinText, type Plan, planned } from './pin-plan.ts';
import { recordAct } from './record-act.ts';

interface ChangeOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Writes a pin into the configuration file, after it has said what that would change. */
export async function pinTrust(
  context: CommandContext,
  options: ChangeOptions & PinOptions,
  [source = '', gun = '']: readonly string[],
): Promise<number> {
  const pin = pinText(context.file, options);
  const plan = planned(context, 'trust pin', source, gun, (text) => withPin(text, source, gun, pin));
  return await carryOut(context, options, plan, `+ ${gun}: ${pinWords(pin)}`);
}

export async function unpinTrust(
  context: CommandContext,
  options: ChangeOptions,
  [source = '', gun = '']: readonly string[],
): Promise<number> {
  const plan = planned(context, 'trust unpin', source, gun, (text) => withoutPin(text, source, gun));
  const pinned = plan.before.pins.some((pin) => (pin.prefix ? `${pin.gun}/` : pin.gun) === gun);
  if (pinned) return await carryOut(context, options, plan, `- ${gun}`);
  const held = pinWordsFor(plan.before, gun);
  const instead = held === null ? 'no pin covers it' : `what covers it is ${held}`;
  throw new TufgateError('upstream.not-found', `trust.${source}.pins has no entry ${gun}; ${instead}`);
}

async function carryOut(context: CommandContext, options: ChangeOptions, plan: Plan, line: string): Promise<number> {
  const { out, file } = context;
  const state = openSqliteStore(join(plan.data, 'tufgate.db'));
  try {
    const collections = await effectsOf(state, plan.before, plan.after);
    const unchanged = plan.texts.before === plan.texts.after;
    for (const each of words(context, plan, line, collections)) out.message(each);
    const changed = !unchanged && options.dryRun !== true;
    if (changed) await write(context, options, state, plan, line);
    const pins = {
      before: pinWordsFor(plan.before, nameBelow(plan.gun)),
      after: pinWordsFor(plan.after, nameBelow(plan.gun)),
    };
    if (out.json) out.document({ file, source: plan.before.name, gun: plan.gun, ...pins, collections, changed });
    else if (changed) out.fact(`${file} was changed. A gate reads it when it starts: restart those that run.`);
    else out.fact(unchanged ? 'Nothing to change: that is what the file says already.' : 'Nothing was changed.');
    return EXIT.done;
  } finally {
    await state.close();
  }
}

function words({ file }: CommandContext, plan: Plan, line: string, effects: readonly PinEffect[]): readonly string[] {
  const { before, after, gun } = plan;
  const held = pinWordsFor(before, nameBelow(gun));
  const holds = pinWordsFor(after, nameBelow(gun));
  return [
    `${file}, trust.${before.name}.pins:`,
    `  ${line}`,
    `For ${gun} this pin holds now:  ${held ?? 'none'}`,
    `and then:${' '.repeat(gun.length + 14)}  ${holds ?? noneWords(after)}`,
    effects.length === 0 ? 'No stored collection meets another pin.' : 'Stored collections that meet another pin:',
    ...effects.map(effectWords),
  ];
}

function noneWords({ firstUse }: NotaryConfig): string {
  return firstUse === 'refuse'
    ? 'none: refused with trust.no-root'
    : 'none: first_use is "remember", whoever answers first is believed';
}

async function write(
  context: CommandContext,
  options: ChangeOptions,
  state: StateStore,
  { command, gun, texts, before, log }: Plan,
  line: string,
): Promise<void> {
  await confirm(context, options, 'Change the configuration?');
  replaceFile(context.file, texts.before, texts.after);
  const message = `trust.${before.name}.pins in ${context.file}: ${line}`;
  await recordAct(state, { log }, { command, about: gun, message });
}
