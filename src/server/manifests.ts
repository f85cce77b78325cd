import type { IncomingMessage, ServerResponse } from 'node:http';
import { TufgateError } from '../errors.ts';
import { imageName } from '../oci/reference.ts';
import type { PullDeps } from '../pull/deps.ts';
import { type PulledManifest, pullManifest } from '../pull/pull-manifest.ts';
import { clientOf } from './client.ts';
import { endingWarning } from './ending-warning.ts';
import { errorAnswer } from './error-response.ts';
import { hasAlready } from './if-none-match.ts';
import type { Target } from './target.ts';

/**
 * GET and HEAD of manifests, straight onto the socket: what Hono and web streams make of an answer costs more than all that is
 * asked of policy and trust for one that is warm.
 */
export type ManifestTarget = Extract<Target, { kind: 'manifest' | 'manifest-by-digest' }>;

export interface ManifestServerOptions {
  readonly deps: PullDeps;
  readonly onFault: (error: unknown) => void;
}

/** Resolves when the answer was handed to the socket. */
export async function serveManifest(
  { deps, onFault }: ManifestServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: ManifestTarget,
): Promise<void> {
  const { repository } = target;
  const asked = target.kind === 'manifest' ? { tag: target.tag } : { digest: target.digest };
  try {
    const method = incoming.method ?? 'GET';
    const pulled = await pullManifest(deps, { repository, client: clientOf(incoming), method, ...asked });
    const warning = endingWarning(imageName({ ...repository, ...asked }), pulled.sources, deps.now());
    send(incoming, outgoing, pulled, [
      ...aboutRepository(repository.registry),
      ...(warning === undefined ? [] : ['Warning', warning]),
    ]);
  } catch (error) {
    if (!(error instanceof TufgateError)) onFault(error);
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, error, repository.registry);
  }
}

/** The bytes themselves, not a copy: they are written, and nothing else. */
function send(incoming: IncomingMessage, outgoing: ServerResponse, pulled: PulledManifest, around: string[]): void {
  const { digest, mediaType, bytes } = pulled;
  const etag = `"${digest}"`;
  const headers = [...around, 'Docker-Content-Digest', digest, 'ETag', etag];
  if (hasAlready(incoming.headers['if-none-match'], etag)) {
    outgoing.writeHead(304, headers).end();
    return;
  }
  outgoing.writeHead(200, [...headers, 'Content-Type', mediaType, 'Content-Length', String(bytes.length)]);
  if (incoming.method === 'HEAD') outgoing.end();
  else outgoing.end(bytes);
}

function refuse(outgoing: ServerResponse, error: unknown, registry: string): void {
  const { status, headers, body } = errorAnswer(error, 'manifest');
  const about = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) }).flat();
  outgoing.writeHead(status, [...aboutRepository(registry), ...about]);
  outgoing.end(body);
}

function aboutRepository(registry: string): string[] {
  return ['Docker-Distribution-Api-Version', 'registry/2.0', 'OCI-Namespace', registry];
}
