import { TufgateError } from '../errors.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { isRepositoryPath, isTag, looksLikeHost, normalisePath, type Repository } from '../oci/reference.ts';

/**
 * Reads the raw request target (RFC 9112 section 3.2), before any URL parser has seen it.
 *
 * The attack: `/v2/a/../b/manifests/x`, `%2e%2e`, `%2f`, `//` or an absolute-form target mean one repository to us and
 * another to the next parser, so that policy is asked about one name and the upstream about the other. Here nothing is
 * folded or decoded: what is not in the grammar is refused. The one exception is `%3A`, which some clients write for
 * the colon of a digest.
 */
export type Target =
  | { readonly kind: 'ping' }
  | { readonly kind: 'manifest'; readonly repository: Repository; readonly tag: string }
  | { readonly kind: 'manifest-by-digest'; readonly repository: Repository; readonly digest: Digest }
  | { readonly kind: 'blob'; readonly repository: Repository; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly repository: Repository; readonly n?: number; readonly last?: string }
  | {
      readonly kind: 'referrers';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly artifactType?: string;
    };

export interface Registries {
  /** The upstream that goes by this name or alias, lower case. */
  named(host: string): string | undefined;
  readonly default?: string;
}

interface Split {
  readonly name: readonly string[];
  readonly keyword: 'manifests' | 'blobs' | 'referrers' | 'tags';
  readonly reference: string;
}

/**
 * @param url the raw target, `/v2/library/nginx/manifests/1.27?ns=docker.io`
 * @param host the Host header
 * @returns undefined when it is no path of the registry API at all
 * @throws request.name, request.digest, policy.unknown-registry
 */
export function readTarget(url: string, host: string | undefined, registries: Registries): Target | undefined {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  if (path === '/v2/' || path === '/v2') return { kind: 'ping' };
  if (!path.startsWith('/v2/')) return undefined;
  const split = splitPath(path.slice('/v2/'.length));
  if (split === undefined) throw badName(path, 'no such path in the registry API');
  const repository = whichRepository(split.name, query, host, registries);
  switch (split.keyword) {
    case 'tags':
      return { kind: 'tags', repository, ...paging(query) };
    case 'blobs':
      return { kind: 'blob', repository, digest: parseDigest(split.reference) };
    case 'referrers': {
      const artifactType = query.get('artifactType');
      const digest = parseDigest(split.reference);
      return { kind: 'referrers', repository, digest, ...(artifactType === null ? {} : { artifactType }) };
    }
    case 'manifests':
      if (split.reference.includes(':')) {
        return { kind: 'manifest-by-digest', repository, digest: parseDigest(split.reference) };
      }
      if (!isTag(split.reference)) throw badName(split.reference, 'not a tag');
      return { kind: 'manifest', repository, tag: split.reference };
  }
}

/** Splits at the last keyword: `a/manifests/b/manifests/c` is the tag `c` of `a/manifests/b`. */
function splitPath(rest: string): Split | undefined {
  const segments = rest.split('/');
  const reference = segments.at(-1) ?? '';
  const keyword = segments.at(-2);
  if (segments.length < 3) return undefined;
  const name = segments.slice(0, -2);
  if (keyword === 'tags' && reference === 'list') return { name, keyword, reference };
  if (keyword !== 'manifests' && keyword !== 'blobs' && keyword !== 'referrers') return undefined;
  return { name, keyword, reference: reference.replace(/%3a/gi, ':') };
}

/** The four ways to say which registry is meant, in the order of the contract (design.md section 4, HTTP). */
function whichRepository(
  segments: readonly string[],
  query: URLSearchParams,
  host: string | undefined,
  registries: Registries,
): Repository {
  const first = segments[0] ?? '';
  const firstNames = registries.named(first);
  const said =
    byNamespace(query, registries) ?? (host === undefined ? undefined : registries.named(host.toLowerCase()));
  if (said !== undefined) {
    if (firstNames !== undefined && firstNames !== said) {
      throw badName(segments.join('/'), `the request is for ${said}, but the name begins with ${first}`);
    }
    return repositoryOf(said, firstNames === said ? segments.slice(1) : segments);
  }
  if (firstNames !== undefined) return repositoryOf(firstNames, segments.slice(1));
  if (looksLikeHost(first)) throw unknownRegistry(first);
  if (registries.default === undefined) throw unknownRegistry('(none named, and there is no default_upstream)');
  return repositoryOf(registries.default, segments);
}

/** containerd's `?ns=`: a look-up key, never an address (SSRF), and never a reason to fall through. */
function byNamespace(query: URLSearchParams, registries: Registries): string | undefined {
  const all = query.getAll('ns');
  const [ns] = all;
  if (ns === undefined) return undefined;
  const named = all.length === 1 ? registries.named(ns.toLowerCase()) : undefined;
  if (named === undefined) throw unknownRegistry(all.join(', '));
  return named;
}

function repositoryOf(registry: string, segments: readonly string[]): Repository {
  const path = normalisePath(registry, segments.join('/'));
  if (!isRepositoryPath(path)) throw badName(path, 'not a repository name');
  return { registry, path };
}

function paging(query: URLSearchParams): { n?: number; last?: string } {
  const n = query.get('n');
  const last = query.get('last');
  if (n !== null && !/^[0-9]{1,6}$/.test(n)) throw badName(n, 'n is not a number of tags');
  return { ...(n === null ? {} : { n: Number(n) }), ...(last === null ? {} : { last }) };
}

function badName(text: string, why: string): TufgateError {
  return new TufgateError('request.name', `${JSON.stringify(text.slice(0, 100))}: ${why}`);
}

function unknownRegistry(name: string): TufgateError {
  return new TufgateError(
    'policy.unknown-registry',
    `registry ${JSON.stringify(name.slice(0, 100))} is not one that tufgate may fetch from: ask the operator to add it to upstreams`,
  );
}
