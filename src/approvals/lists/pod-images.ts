import type { Json, JsonObject } from '../../json/read.ts';
import { type Listed, listedName, unnamed } from './listed.ts';

/** Containers of a pod, and where its status tells which digest each of them runs. */
const KINDS = [
  ['containers', 'containerStatuses'],
  ['initContainers', 'initContainerStatuses'],
  ['ephemeralContainers', 'ephemeralContainerStatuses'],
] as const;

/** @param object an object of Kubernetes: what is no pod is said to be none */
export function podImages(object: JsonObject): readonly Listed[] {
  const metadata = members(object.get('metadata'));
  const name = [metadata.get('namespace'), metadata.get('name')].filter((part) => typeof part === 'string').join('/');
  const kind = object.get('kind');
  if (kind !== 'Pod') {
    const what = `${typeof kind === 'string' ? kind : 'an object'} ${name}`.slice(0, 120);
    return [unnamed(what, 'only pods tell what runs: kubectl get pods -A -o json')];
  }
  const [spec, status] = [members(object.get('spec')), members(object.get('status'))];
  return KINDS.flatMap(([containers, statuses]) => {
    const running = runningIn(list(status.get(statuses)));
    return list(spec.get(containers)).flatMap((each) => container(members(each), running, `pod ${name}`) ?? []);
  });
}

function container(each: JsonObject, running: ReadonlyMap<string, string>, where: string): Listed | undefined {
  const [name, image] = [each.get('name'), each.get('image')];
  if (typeof image !== 'string') return unnamed(where.slice(0, 120), 'a container in it has no image');
  return listedName(image, typeof name === 'string' ? running.get(name) : undefined);
}

/**
 * By container: `docker.io/library/nginx@sha256:…`. A bare `sha256:…` is left out: where containerd says that, it is the
 * digest of a configuration, which no registry knows as an image.
 */
function runningIn(statuses: readonly Json[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const each of statuses.map(members)) {
    const [name, id] = [each.get('name'), each.get('imageID')];
    if (typeof name !== 'string' || typeof id !== 'string') continue;
    // Docker's shim wrote `docker-pullable://` before it.
    const text = id.replace(/^[a-z-]{1,32}:\/\//, '');
    if (text.includes('@')) found.set(name, text);
  }
  return found;
}

function members(value: Json | undefined): JsonObject {
  return value instanceof Map ? (value as JsonObject) : new Map<string, Json>();
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
