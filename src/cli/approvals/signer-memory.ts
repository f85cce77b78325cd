import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../context.ts';
import { SignedBefore } from '../../approvals/proposal/signed-before.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';

/** What the person at this machine has signed before: `$XDG_STATE_HOME/tufgate/signed.json`. Undefined for a repository to be made. */
export async function signerMemory(
  env: CommandContext['env'],
  pinned: Uint8Array | undefined,
): Promise<SignedBefore | undefined> {
  if (pinned === undefined) return undefined;
  const state = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state');
  return await SignedBefore.open(join(state, 'tufgate', 'signed.json'), sha256Hex(pinned));
}
