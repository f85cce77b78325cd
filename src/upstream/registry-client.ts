import { TufgateError } from '../errors.ts';
import { readJsonAs, type JsonObject } from '../json/read.ts';
import { type Digest, isDigest, parseDigest } from '../oci/digest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../oci/media-type.ts';
import { type Descriptor, parseDescriptors } from '../oci/descriptors.ts';
import { isRepositoryPath, isTag } from '../oci/reference.ts';
import { Deadline } from './deadline.ts';
import { pagesOf } from './pages.ts';
import type { Peer, PeerAnswer } from './peer.ts';
import { joined } from './pieces.ts';
import { refuseEncoded } from './encoding.ts';
import { contentStart } from './range.ts';
import { createRateLimit, FOREIGN_MAX_S, type RateLimit } from './rate-limit.ts';
import { refusal } from './refusal.ts';
import type { UpstreamBlob, UpstreamManifest, UpstreamReferrers, UpstreamRegistry } from './registry.ts';

export interface RegistryClientOptions {
  /** The peer's own, which pages of a list must stay on. */
  readonly url: URL;
  /** To its headers, for a blob; to the last byte, for everything else. Milliseconds. */
  readonly deadlineMs?: number;
  readonly clock: () => number;
  /** Whether credentials are configured: decides what a refusal advises. */
  readonly credentials: boolean;
}

const DEADLINE_MS = 60_000;
const PAGE = 1_000;
const MAX_PAGES = 500;
/** Ten thousand signatures on one image are somebody's joke. */
const MAX_REFERRER_PAGES = 16;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const LIST_LIMITS = { depth: 4, values: 200_000, integersOnly: false };
const ACCEPT = MANIFEST_TYPES.join(', ');
/** The answer of the referrers API is an image index (distribution-spec "Listing Referrers"). */
const ACCEPT_REFERRERS = `${INDEX_TYPES[0]}, application/json`;

interface Limits {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

interface ListAsked {
  /** For messages. */
  readonly what: string;
  readonly path: string;
  readonly image: string;
  readonly target: string;
  readonly query: string;
  readonly most: number;
}

/**
 * The distribution protocol towards one upstream. Nothing that arrives is verified here, and no caller may believe it:
 * digests are compared in `verify/`. What is held here: only names in their grammar go out, sizes and times are bounded,
 * a resumed blob starts where it was asked to, and a 429 is obeyed.
 */
export class RegistryClient implements UpstreamRegistry {
  readonly name: string;
  private readonly peer: Peer;
  private readonly options: RegistryClientOptions;
  private readonly deadlineMs: number;
  /** Manifests, tags, referrers. */
  private readonly rateLimit: RateLimit;
  private readonly blobLimit: RateLimit;

  constructor(peer: Peer, options: RegistryClientOptions) {
    this.name = peer.name;
    this.peer = peer;
    this.options = options;
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.rateLimit = createRateLimit(peer.name, options.clock);
    this.blobLimit = createRateLimit(`for blobs, ${peer.name}`, options.clock);
  }

  async manifest(path: string, reference: Digest | string, limits: Limits): Promise<UpstreamManifest> {
    const image = imageOf(path, reference);
    const answer = await this.ask('GET', `/v2/${path}/manifests/${reference}`, path, image, limits);
    const contentType = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    return { bytes: joined(answer.pieces), ...(contentType !== undefined && contentType !== '' && { contentType }) };
  }

  async head(path: string, tag: string, signal?: AbortSignal): Promise<{ readonly digest?: Digest }> {
    const image = imageOf(path, tag);
    const answer = await this.ask('HEAD', `/v2/${path}/manifests/${tag}`, path, image, { maxBytes: 0, signal });
    const digest = answer.headers.get('docker-content-digest');
    return isDigest(digest) ? { digest } : {};
  }

  async blob(
    path: string,
    digest: Digest,
    { offset, signal }: { offset: number; signal?: AbortSignal },
  ): Promise<UpstreamBlob> {
    const image = imageOf(path, parseDigest(digest));
    this.blobLimit.check(image);
    const answer = await this.peer.open(`/v2/${path}/blobs/${digest}`, {
      scope: scopeOf(path),
      deadlineMs: this.deadlineMs,
      followRedirects: true,
      skipOn200: offset,
      ...(offset > 0 && { headers: { range: `bytes=${offset}-` } }),
      ...(signal && { signal }),
    });
    try {
      if (answer.status !== 200 && answer.status !== 206) throw this.refuseBlob(image, answer);
      refuseEncoded(`${this.name}: ${image}`, answer.headers);
      return { body: answer.body, ...contentStart(`${this.name}: ${image}`, answer, offset) };
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
  }

  async tags(path: string, max: number): Promise<readonly string[]> {
    const image = imageOf(path, undefined);
    return await this.inTime(`the tag list of ${path}`, undefined, async (signal) => {
      const tags: string[] = [];
      const target = `/v2/${path}/tags/list`;
      const query = `n=${Math.min(PAGE, Math.max(max, 1))}`;
      if (max <= 0) return tags;
      for await (const page of this.pages(
        { what: 'its tag list', path, image, target, query, most: MAX_PAGES },
        signal,
      )) {
        tags.push(...this.parseTags(image, page));
        if (tags.length >= max) break;
      }
      return tags.slice(0, max);
    });
  }

  async referrers(
    path: string,
    digest: Digest,
    { max, signal: caller }: { max: number; signal?: AbortSignal },
  ): Promise<UpstreamReferrers> {
    const image = imageOf(path, parseDigest(digest));
    return await this.inTime(`the referrers of ${image}`, caller, async (signal) => {
      const found: Descriptor[] = [];
      let left = 0;
      const target = `/v2/${path}/referrers/${digest}`;
      const list = { what: 'its list of referrers', path, image, target, query: '', most: MAX_REFERRER_PAGES };
      for await (const page of this.pages(list, signal)) {
        const { entries, unreadable } = parseDescriptors(page, 'manifests', `${this.name}: the referrers of ${image}`);
        found.push(...entries);
        left += unreadable;
        if (found.length > max) break;
      }
      return { referrers: found.slice(0, max), complete: found.length <= max && left === 0 };
    });
  }

  private pages(list: ListAsked, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const start = new URL(this.options.url.href.replace(/\/$/, '') + list.target);
    start.search = list.query;
    return pagesOf({
      what: list.what,
      start,
      mostPages: list.most,
      ask: (search) =>
        this.ask('GET', list.target + search, list.path, list.image, { maxBytes: MAX_PAGE_BYTES, signal }),
      nonsense: (why) => this.nonsense(list.image, why),
    });
  }

  /** All pages of a list together have the time of one request. */
  private async inTime<T>(
    what: string,
    caller: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = new Deadline(this.deadlineMs, caller);
    try {
      return await work(deadline.signal);
    } catch (error) {
      throw deadline.explain(this.name, what, error);
    } finally {
      deadline.end();
    }
  }

  async close(): Promise<void> {
    await this.peer.close();
  }

  private async ask(
    method: 'GET' | 'HEAD',
    target: string,
    path: string,
    image: string,
    { maxBytes, signal }: Limits,
  ): Promise<PeerAnswer> {
    this.rateLimit.check(image);
    const answer = await this.peer.get(target, {
      method,
      headers: { accept: acceptOf(target) },
      scope: scopeOf(path),
      maxBytes,
      deadlineMs: this.deadlineMs,
      followRedirects: true,
      ...(signal && { signal }),
    });
    if (answer.status !== 200) throw this.refuse(image, answer);
    if (method === 'GET') refuseEncoded(`${this.name}: ${image}`, answer.headers);
    return answer;
  }

  /**
   * Two limits: a registry that counts pulls counts manifests (Docker Hub), and the blobs of a pull under way must still
   * come. One that limits blobs limits this address, and all of it; a storage host speaks for its blobs alone,
   * which may not be all blobs: for a minute at most.
   */
  private refuseBlob(image: string, answer: Omit<PeerAnswer, 'pieces'>): TufgateError {
    if (answer.status !== 429) return this.refuse(image, answer);
    const retryAfter = answer.headers.get('retry-after');
    if (answer.foreign) return this.blobLimit.hit(image, retryAfter, FOREIGN_MAX_S);
    this.rateLimit.hit(image, retryAfter);
    return this.blobLimit.hit(image, retryAfter);
  }

  private refuse(image: string, answer: Omit<PeerAnswer, 'pieces'>): TufgateError {
    if (answer.status === 429 && !answer.foreign) return this.rateLimit.hit(image, answer.headers.get('retry-after'));
    return refusal({ upstream: this.name, image, credentials: this.options.credentials }, answer);
  }

  private parseTags(image: string, bytes: Uint8Array): readonly string[] {
    const tree = readJsonAs('upstream.protocol', `${this.name}: the tag list of ${image}`, bytes, LIST_LIMITS);
    const tags = tree instanceof Map ? (tree as JsonObject).get('tags') : undefined;
    // Go servers say null for an empty list.
    if (tags === null) return [];
    if (!Array.isArray(tags)) throw this.nonsense(image, 'its tag list has no list of tags');
    return tags.map((tag: unknown) => {
      if (typeof tag === 'string' && isTag(tag)) return tag;
      throw this.nonsense(image, 'its tag list holds something that is not a tag');
    });
  }

  private nonsense(image: string, why: string): TufgateError {
    const message = `${this.name}: ${image}: ${why}; ask who runs that registry`;
    return new TufgateError('upstream.protocol', message, { detail: { upstream: this.name } });
  }
}

function acceptOf(target: string): string {
  if (target.includes('/manifests/')) return ACCEPT;
  return target.includes('/referrers/') ? ACCEPT_REFERRERS : 'application/json';
}

function scopeOf(path: string): string {
  return `repository:${path}:pull`;
}

/** The last line before a name becomes part of a URL. @throws request.name */
function imageOf(path: string, reference: string | undefined): string {
  const named = reference === undefined || isDigest(reference) || isTag(reference);
  if (!isRepositoryPath(path) || !named)
    throw new TufgateError('request.name', `${JSON.stringify(path.slice(0, 80))} is not a name that can be asked for`);
  if (reference === undefined) return path;
  return isDigest(reference) ? `${path}@${reference}` : `${path}:${reference}`;
}
