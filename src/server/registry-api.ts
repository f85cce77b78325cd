import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { TufgateError } from '../errors.ts';
import type { PullRequest } from '../pull/recorded.ts';
import type { PullDeps } from '../pull/deps.ts';
import { listTags } from '../pull/list-tags.ts';
import { headBlob } from '../pull/pull-blob.ts';
import { clientOf } from './client.ts';
import { errorAnswer } from './error-response.ts';
import { hasAlready } from './if-none-match.ts';
import { refuseAtDoor } from './refuse-at-door.ts';
import { readTarget, type Registries, type Target } from './target.ts';

/**
 * The registry API (OCI distribution spec 1.1, read only) but for manifests and GET of blobs, which `manifests.ts` and `blobs.ts`
 * serve below Hono.
 * Hono's own routing is not used for names: it sees paths only after they were normalised.
 */
interface Env {
  Bindings: HttpBindings;
  Variables: { target: Target };
}

export interface RegistryApiOptions {
  readonly deps: PullDeps;
  readonly registries: Registries;
  readonly onFault: (error: unknown) => void;
}

export function registryApi({ deps, registries, onFault }: RegistryApiOptions): Hono<Env> {
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    c.header('Docker-Distribution-Api-Version', 'registry/2.0');
    const incoming = c.env.incoming;
    const method = incoming.method ?? '';
    if (method !== 'GET' && method !== 'HEAD') throw pushRefused();
    const target = readTarget(incoming.url ?? '', incoming.headers.host, registries);
    if (target === undefined) throw new TufgateError('request.name', 'no such path: the registry API is at /v2/');
    c.set('target', target);
    await next();
  });

  app.all('*', async (c) => {
    const { target } = c.var;
    if (target.kind === 'ping') return c.json({});
    const { incoming } = c.env;
    const { repository } = target;
    const request = { repository, client: clientOf(incoming), method: incoming.method ?? 'GET' };
    c.header('OCI-Namespace', repository.registry);
    switch (target.kind) {
      case 'manifest':
      case 'manifest-by-digest':
        throw new TufgateError('internal', 'manifests are served below Hono');
      case 'blob':
        return blobHead(c, target.digest, await headBlob(deps, { ...request, digest: target.digest }));
      case 'tags':
        return await tagsAnswer(c, deps, request, target);
      case 'referrers':
        throw new TufgateError('upstream.not-found', 'referrers are not available yet');
    }
  });

  app.onError(async (error, c) => {
    if (!(error instanceof TufgateError)) onFault(error);
    await refuseAtDoor(deps, c.env.incoming, error);
    const target = c.var.target as Target | undefined;
    const asked = target?.kind === 'blob' ? 'blob' : target?.kind === 'tags' ? 'name' : 'manifest';
    const answer = errorAnswer(error, asked);
    return c.body(answer.body, answer.status as ContentfulStatusCode, answer.headers);
  });
  return app;
}

function blobHead(c: Context<Env>, digest: string, { size }: { size: number }): Response {
  if (hasAlready(c.req.header('if-none-match'), etagOf(digest))) return c.body(null, 304, knownHeaders(digest));
  return c.body(null, 200, blobHeaders(digest, size));
}

export function etagOf(digest: string): string {
  return `"${digest}"`;
}

/** Of a 304 to whoever has the blob already. */
export function knownHeaders(digest: string): Record<string, string> {
  return { 'docker-content-digest': digest, etag: etagOf(digest) };
}

export function blobHeaders(digest: string, length: number): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(length),
    ...knownHeaders(digest),
    'accept-ranges': 'bytes',
  };
}

async function tagsAnswer(
  c: Context<Env>,
  deps: PullDeps,
  request: PullRequest,
  target: Extract<Target, { kind: 'tags' }>,
): Promise<Response> {
  const tags = await listTags(deps, request);
  const { n, last } = target;
  const after = last === undefined ? tags : tags.filter((tag) => tag > last);
  const page = n === undefined ? after : after.slice(0, n);
  const more = page.length > 0 && page.length < after.length;
  const { registry, path } = target.repository;
  const next = `/v2/${path}/tags/list?n=${n ?? ''}&last=${page.at(-1) ?? ''}&ns=${encodeURIComponent(registry)}`;
  if (more) c.header('Link', `<${next}>; rel="next"`);
  return c.json({ name: path, tags: page });
}

function pushRefused(): TufgateError {
  return new TufgateError(
    'request.push',
    'tufgate is read only: push to the registry itself, then sign or approve the tag',
  );
}
