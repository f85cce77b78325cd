import { TufgateError } from '../errors.ts';
import { type Digest, parseDigest } from './digest.ts';

/**
 * Image names, normalised as Docker does: `nginx` is `docker.io/library/nginx:latest`.
 * Grammar: distribution-spec "Pulling manifests"; host grammar as docker/distribution's reference package.
 */
export interface Repository {
  /** A key of `upstreams`, lower case: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/nginx` */
  readonly path: string;
}

export interface ImageName extends Repository {
  readonly tag?: string;
  readonly digest?: Digest;
}

const MAX_NAME = 255;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST =
  /^(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::[0-9]{1,5})?$/;
export const DOCKER_HUB = 'docker.io';

export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_NAME && PATH.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function isRegistryHost(text: string): boolean {
  return text.length <= MAX_NAME && HOST.test(text);
}

/** True for a first path segment that can only be meant as a host: it has a dot or a port, or is `localhost`. */
export function looksLikeHost(segment: string): boolean {
  return segment.includes('.') || segment.includes(':') || segment === 'localhost';
}

/** On Docker Hub `nginx` means `library/nginx`; everywhere else a name is what it says. */
export function normalisePath(registry: string, path: string): string {
  return registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
}

/** `docker.io/library/nginx`: also Notary's GUN and the prefix of TUF target names. */
export function repositoryName(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

/** As `repositoryName` wrote it. @throws request.name */
export function parseRepositoryName(name: string): Repository {
  const { registry, path } = parseImageName(name);
  return { registry, path };
}

export function imageName(image: ImageName): string {
  const tag = image.tag === undefined ? '' : `:${image.tag}`;
  const digest = image.digest === undefined ? '' : `@${image.digest}`;
  return repositoryName(image) + tag + digest;
}

/**
 * `nginx` → `{registry: 'docker.io', path: 'library/nginx', tag: 'latest'}`.
 * Upper-case letters, empty segments, whitespace and anything outside the grammar are refused, not repaired.
 * @throws request.name, request.digest
 */
export function parseImageName(text: string): ImageName {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  const untagged = hasTag ? named.slice(0, colon) : named;
  const slash = untagged.indexOf('/');
  const first = slash < 0 ? '' : untagged.slice(0, slash);
  const hosted = looksLikeHost(first);
  const registry = hosted ? canonicalRegistry(first) : DOCKER_HUB;
  const path = normalisePath(registry, hosted ? untagged.slice(slash + 1) : untagged);
  if (!isRegistryHost(registry) || !isRepositoryPath(path) || (tag !== undefined && !isTag(tag))) {
    throw new TufgateError(
      'request.name',
      `${JSON.stringify(text.slice(0, 120))} is not an image name: expected [registry/]repository[:tag][@digest] in lower case`,
    );
  }
  return { registry, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The names Docker Hub goes by are one registry. */
function canonicalRegistry(host: string): string {
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}
