import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { PullDeps } from '../pull/deps.ts';
import { TufgateError } from '../errors.ts';
import { type BlobTarget, serveBlob } from './blobs.ts';
import { asksForOthers } from './client.ts';
import type { HandOff } from './hand-off.ts';
import { type ManifestTarget, serveManifest } from './manifests.ts';
import { registryApi } from './registry-api.ts';
import { type ReadTarget, rememberTargets } from './remembered-targets.ts';
import type { Registries } from './target.ts';
import { serveTufFile } from './tuf-files.ts';

/** Told of each answer: a route of the API, never a path; the status; the seconds it took. */
export type CountAnswer = (route: string, status: number, seconds: number) => void;

export interface RegistryListenerOptions {
  readonly deps: PullDeps;
  readonly registries: Registries;
  /** Repositories of approvals that this gate keeps: published folders by name. */
  readonly published: ReadonlyMap<string, string>;
  readonly count: CountAnswer;
  readonly onFault: (error: unknown) => void;
  /** Only a web server asks here, for its clients. */
  readonly handOff?: HandOff;
}

/** The main listener: manifests, and GET of blobs, go straight to the socket, everything else through Hono. */
export function registryListener({
  deps,
  registries,
  published,
  count,
  onFault,
  handOff,
}: RegistryListenerOptions): RequestListener {
  const api = toListener(registryApi({ deps, registries, onFault }));
  const read = rememberTargets(registries);
  return (incoming, outgoing) => {
    if (handOff !== undefined) asksForOthers(incoming);
    countAnswer(count, incoming, outgoing);
    if (serveTufFile({ folders: published, onFault }, incoming, outgoing)) return;
    const target = targetBelowHono(incoming, read);
    switch (target?.kind) {
      case 'blob':
        void serveBlob({ deps, onFault, handOff }, incoming, outgoing, target).catch(onFault);
        break;
      case 'manifest':
      case 'manifest-by-digest':
        void serveManifest({ deps, onFault }, incoming, outgoing, target).catch(onFault);
        break;
      case undefined:
        api(incoming, outgoing);
    }
  };
}

/** Undefined for what Hono serves, and for names that it shall refuse. */
function targetBelowHono(incoming: IncomingMessage, read: ReadTarget): BlobTarget | ManifestTarget | undefined {
  const { method, url = '', headers } = incoming;
  const isGet = method === 'GET';
  if (!isGet && method !== 'HEAD') return undefined;
  try {
    const target = read(url, headers.host);
    if (target?.kind === 'manifest' || target?.kind === 'manifest-by-digest') return target;
    return isGet && target?.kind === 'blob' ? target : undefined;
  } catch (error) {
    if (error instanceof TufgateError) return undefined;
    throw error;
  }
}

/** A Hono application as a listener of node:http. */
export function toListener(app: { fetch: Parameters<typeof getRequestListener>[0] }): RequestListener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (incoming, outgoing) => {
    void listener(incoming, outgoing);
  };
}

function countAnswer(count: CountAnswer, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const route =
    /^\/(tuf)\/|\/(manifests|blobs|tags|referrers)\//
      .exec(incoming.url ?? '')
      ?.slice(1)
      .find(Boolean) ?? 'other';
  const began = performance.now();
  outgoing.once('close', () => count(route, outgoing.statusCode, (performance.now() - began) / 1000));
}
