import { userInfo } from 'node:os';
import { messageOf } from '../errors.ts';
import type { DecisionStore } from '../state/store.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Config } from '../config/config.ts';

/** What an operator did to trust, as it stands in the decision log: who, what, and what was lost by it. */
export interface Act {
  readonly command: string;
  /** The collection, or what else it was done to. */
  readonly about: string;
  readonly message: string;
}

/** Written before the act, so that there is none without its record. @throws state.failed: then nothing may be done */
export async function recordAct(
  store: DecisionStore,
  { log }: Pick<Config, 'log'>,
  { command, about, message }: Act,
): Promise<void> {
  const by = `local user ${userName()}`;
  createLogger({ ...log, level: 'warn' }, process.stderr).warn({ command, about, by }, message);
  await store.appendDecisions([
    {
      at: Date.now(),
      event: 'alarm',
      client: { address: by, userAgent: `tufgate ${command}` },
      request: 'manifest',
      method: '',
      repository: about,
      verdict: 'deny',
      mode: 'enforce',
      wouldDeny: false,
      message,
      sources: [],
    },
  ]);
}

/** In a container the user id may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    return `${String(process.getuid?.() ?? '?')} (${messageOf(error)})`;
  }
}
