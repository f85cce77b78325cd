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

type Decision = Parameters<PullDeps['decisions']['record']>[0];

const MAX_NAME = 255;
const KINDS = new Map<string, Decision['request']>([
  ['blobs', 'blob'],
  ['tags', 'tags'],
]);

/**
 * The name as it was sent, with `ns` in front, so that the operator finds who asked for it. It is text to look at, not a
 * name: nothing is decoded, and nothing but the decision log ever gets it.
 */
export function askedFor(url: string): Pick<Decision, 'request' | 'repository'> {
  const [path = '', query = ''] = url.split('?', 2);
  const [, name = '', keyword = ''] = /^\/v2\/(.*)\/(manifests|blobs|tags|referrers)\//.exec(path) ?? [];
  const sent = keyword === '' && path.startsWith('/v2/') ? path.slice('/v2/'.length) : name;
  const repository = [...new URLSearchParams(query).getAll('ns'), sent].filter((part) => part !== '').join('/');
  return { request: KINDS.get(keyword) ?? 'manifest', repository: repository.slice(0, MAX_NAME) };
}

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
    method: incoming.method ?? '',
    ...askedFor(incoming.url ?? ''),
    verdict: 'deny',
    mode: 'enforce',
    wouldDeny: false,
    reason: code,
    message: messageOf(error),
    sources: [],
  });
}
