import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { PullDeps } from '../pull/deps.ts';
import { blobTarget, serveBlob } from './blobs.ts';
import { registryApi } from './registry-api.ts';
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
}

/** The main listener: GET of blobs goes straight to the socket, everything else through Hono. */
export function registryListener({
  deps,
  registries,
  published,
  count,
  onFault,
}: RegistryListenerOptions): RequestListener {
  const api = toListener(registryApi({ deps, registries, onFault }));
  return (incoming, outgoing) => {
    countAnswer(count, incoming, outgoing);
    if (serveTufFile({ folders: published, onFault }, incoming, outgoing)) return;
    const blob = blobTarget(incoming, registries);
    if (blob === undefined) api(incoming, outgoing);
    else void serveBlob({ deps, onFault }, incoming, outgoing, blob).catch(onFault);
  };
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
