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
    send(incoming, outgoing, answerOf(pulled, repository.registry), warning);
  } catch (error) {
    if (!(error instanceof TufgateError)) onFault(error);
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, error, repository.registry);
  }
}

/** All of an answer that is the same each time. */
interface Answer {
  readonly etag: string;
  readonly headers: readonly string[];
  readonly headersWithBody: readonly string[];
  /** A text, whose characters are the bytes, is written together with the headers, which a buffer is not. */
  readonly body: string | Uint8Array;
}

const MAX_TEXT_BYTES = 64 << 10;
/** What is pulled again is the same object again; it belongs to one repository. */
const answers = new WeakMap<PulledManifest, Answer>();

function answerOf(pulled: PulledManifest, registry: string): Answer {
  const answer = answers.get(pulled) ?? makeAnswer(pulled, registry);
  answers.set(pulled, answer);
  return answer;
}

function makeAnswer({ digest, mediaType, bytes }: PulledManifest, registry: string): Answer {
  const etag = `"${digest}"`;
  const headers = [...aboutRepository(registry), 'Docker-Content-Digest', digest, 'ETag', etag];
  const headersWithBody = [...headers, 'Content-Type', mediaType, 'Content-Length', String(bytes.length)];
  const body = bytes.length > MAX_TEXT_BYTES ? bytes : Buffer.from(bytes).toString('latin1');
  return { etag, headers, headersWithBody, body };
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, answer: Answer, warning: string | undefined): void {
  const isKnown = hasAlready(incoming.headers['if-none-match'], answer.etag);
  const headers = isKnown ? answer.headers : answer.headersWithBody;
  outgoing.writeHead(isKnown ? 304 : 200, warning === undefined ? [...headers] : [...headers, 'Warning', warning]);
  if (isKnown || incoming.method === 'HEAD') outgoing.end();
  else outgoing.end(answer.body, 'latin1');
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
