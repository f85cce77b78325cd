import { type Approvals, composeApprovals } from '../../compose/approvals.ts';
import type { OwnRepository } from '../../approvals/publish/own-repository.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';

/** Options of every command that changes a repository of approvals. */
export interface OwnOptions {
  /** Which one, where the configuration keeps several. */
  readonly source?: string;
  /** Key references; those in the folder of keys that may sign, when none is named. */
  readonly key?: readonly string[];
  readonly yes?: boolean;
  /** A file for the proposal: nothing is signed here. */
  readonly propose?: string;
  readonly by?: string;
  /** The repository came back from a backup: it may be older than what was signed here last. */
  readonly restored?: boolean;
}

/** A repository that the configuration keeps, and who signs for it. */
export interface OwnContext {
  readonly own: OwnRepository;
  readonly approvals: Approvals;
  readonly context: CommandContext;
  readonly now: () => number;
}

/** @throws usage: the configuration keeps none, or several and none was named */
export function ownContext(context: CommandContext, { source }: Pick<OwnOptions, 'source'>): OwnContext {
  const { config, out, env, stdin, now } = context;
  const approvals = composeApprovals(config(), { env, keyboard: stdin, say: (line) => out.message(line) }, now);
  const named = approvals.own.filter(({ source: { name } }) => source === undefined || name === source);
  const [own, other] = named;
  if (own !== undefined && other === undefined) return { own, approvals, context, now };
  const names = approvals.own.map(({ source: { name } }) => name).join(', ');
  if (names === '')
    throw new TufgateError(
      'usage',
      `${context.file} keeps no repository of approvals: give a trust source \`type: tuf\`, a folder as url, and \`publish: { keys: FOLDER }\``,
    );
  throw new TufgateError('usage', `which repository of approvals? --source NAME, one of: ${names}`);
}
