import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Config, NotaryConfig } from '../config/config.ts';
import type { PinText } from '../config/edit-pins.ts';
import { ConfigInvalid } from '../config/problems.ts';
import { TufgateError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** The configuration as it is, and as it would be. */
export interface Plan {
  readonly command: 'trust pin' | 'trust unpin';
  /** As in the file: with a trailing slash for all below. */
  readonly gun: string;
  readonly texts: { readonly before: string; readonly after: string };
  readonly data: string;
  readonly log: Config['log'];
  readonly before: NotaryConfig;
  readonly after: NotaryConfig;
}

export interface PinOptions {
  readonly root?: string;
  readonly keys?: string;
  readonly ca?: string;
}

export function pinText(file: string, { root, keys, ca }: PinOptions): PinText {
  if ([root, keys, ca].filter((each) => each !== undefined).length !== 1)
    throw new TufgateError('usage', 'say what to pin to: one of --root FILE, --keys ID,… or --ca FILE');
  if (keys !== undefined) return { kind: 'keys', keyIds: keys.split(',').map((id) => id.trim()) };
  return root !== undefined
    ? { kind: 'root', file: pathFrom(file, root) }
    : { kind: 'ca', file: pathFrom(file, ca ?? '') };
}

/** Paths are typed relative to where one stands, and read relative to the configuration. */
function pathFrom(file: string, typed: string): string {
  const absolute = resolve(typed);
  const near = relative(dirname(resolve(file)), absolute);
  return near.startsWith('..') || isAbsolute(near) ? absolute : near;
}

/** Both configurations are read whole, by the code that a gate reads them with. @throws config.invalid · usage */
export function planned(
  context: CommandContext,
  command: Plan['command'],
  source: string,
  gun: string,
  edit: (text: string) => string,
): Plan {
  const text = context.text();
  const config = context.parse(text);
  const before = notaryIn(config, source);
  const edited = edit(text);
  const after = notaryIn(parsed(context, edited), source);
  const { data, log } = config;
  return { command, gun, texts: { before: text, after: edited }, data, log, before, after };
}

/** What is wrong came with the edit: a line of a text that nobody has seen would tell nothing. */
function parsed(context: CommandContext, edited: string): Config {
  try {
    return context.parse(edited);
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    const why = error.problems.map(({ message }) => message).join('; ');
    throw new TufgateError('usage', `the configuration would not be usable: ${why}`, { cause: error });
  }
}

function notaryIn({ trust }: Config, source: string): NotaryConfig {
  const config = trust.get(source);
  if (config?.kind === 'notary') return config;
  const why =
    config === undefined
      ? `no trust source is called ${JSON.stringify(source)}; there are: ${[...trust.keys()].join(', ') || 'none'}`
      : `${source} is a TUF repository: trust.${source}.root names its root file, and no pins beside it`;
  throw new TufgateError('usage', why);
}

/** What a pin for all below holds for, as a name. */
export function nameBelow(gun: string): string {
  return gun.endsWith('/') ? `${gun}*` : gun;
}
