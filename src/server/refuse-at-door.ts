import type { IncomingMessage } from 'node:http';
import { codeOf, isReason, messageOf } from '../errors.ts';
import type { PullDeps } from '../pull/deps.ts';
import { clientOf } from './client.ts';

/** What was refused before any rule could be asked is a decision too: somebody tried a name that is none. */
const AT_THE_DOOR: ReadonlySet<string> = new Set([
  'request.name',
  'request.digest',
  'request.push',
  'policy.unknown-registry',
]);

export async function refuseAtDoor(
  deps: Pick<PullDeps, 'decisions' | 'now'>,
  incoming: IncomingMessage,
  error: unknown,
): Promise<void> {
  const code = codeOf(error);
  if (!isReason(code) || !AT_THE_DOOR.has(code)) return;
  await deps.decisions.record({
    at: deps.now(),
    event: 'pull',
    client: clientOf(incoming),
    request: incoming.url?.includes('/blobs/') === true ? 'blob' : 'manifest',
    method: incoming.method ?? '',
    repository: '',
    verdict: 'deny',
    mode: 'enforce',
    wouldDeny: false,
    reason: code,
    message: messageOf(error),
    sources: [],
  });
}
