import { userInfo } from 'node:os';
import { whyNoReason } from '../../approvals/lists/reason.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { untilOf } from './until.ts';

/** What stands beside an approval for people, and until when it counts: the same for all images of a command. */
export interface Attribution {
  readonly by: string;
  readonly reason?: string;
  /** Epoch milliseconds, whole seconds. */
  readonly until?: number;
}

export interface AttributionOptions {
  readonly by?: string;
  readonly reason?: string;
  readonly until?: string;
}

/** Judged before anything is asked of anybody. @throws usage */
export function attributionOf(
  options: AttributionOptions,
  { env, now }: Pick<CommandContext, 'env' | 'now'>,
): Attribution {
  const { reason, until } = options;
  const why = reason === undefined ? undefined : whyNoReason(reason);
  if (why !== undefined) throw new TufgateError('usage', `--reason: ${why}`);
  return {
    by: approver(options, env),
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until: untilOf(until, now()) }),
  };
}

/** `--by`, else `$TUFGATE_BY`, else the user of this machine. */
function approver({ by }: AttributionOptions, env: CommandContext['env']): string {
  const name = by ?? env['TUFGATE_BY'] ?? userName();
  if (name.trim() !== '' && name.length <= 100 && !/\p{C}/u.test(name)) return name;
  throw new TufgateError(
    'usage',
    `${by === undefined ? 'TUFGATE_BY' : '--by'} needs a name of at most 100 printable characters`,
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
