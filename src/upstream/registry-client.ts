import { TufgateError } from '../errors.ts';
import { readJsonAs, type JsonObject } from '../json/read.ts';
import { type Digest, isDigest, parseDigest } from '../oci/digest.ts';
import { MANIFEST_TYPES } from '../oci/media-type.ts';
import { isRepositoryPath, isTag } from '../oci/reference.ts';
import { Deadline } from './deadline.ts';
import { nextPage } from './link.ts';
import type { Peer, PeerAnswer } from './peer.ts';
import { joined } from './pieces.ts';
import { contentStart } from './range.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { refusal } from './refusal.ts';
import type { UpstreamBlob, UpstreamManifest, UpstreamRegistry } from './registry.ts';

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
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const LIST_LIMITS = { depth: 4, values: 200_000, integersOnly: false };
const ACCEPT = MANIFEST_TYPES.join(', ');

interface Limits {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
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
  private readonly rateLimit: RateLimit;

  constructor(peer: Peer, options: RegistryClientOptions) {
    this.name = peer.name;
    this.peer = peer;
    this.options = options;
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.rateLimit = createRateLimit(peer.name, options.clock);
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
    const answer = await this.peer.open(`/v2/${path}/blobs/${digest}`, {
      scope: scopeOf(path),
      deadlineMs: this.deadlineMs,
      followRedirects: true,
      skipOn200: offset,
      ...(offset > 0 && { headers: { range: `bytes=${offset}-` } }),
      ...(signal && { signal }),
    });
    try {
      if (answer.status !== 200 && answer.status !== 206) throw this.refuse(image, answer);
      const length = contentStart(`${this.name}: ${image}`, answer, offset);
      return { body: answer.body, ...(length !== undefined && { length }) };
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
  }

  async tags(path: string, max: number): Promise<readonly string[]> {
    const deadline = new Deadline(this.deadlineMs);
    try {
      return await this.pages(path, max, deadline.signal);
    } catch (error) {
      throw deadline.explain(this.name, `the tag list of ${path}`, error);
    } finally {
      deadline.end();
    }
  }

  private async pages(path: string, max: number, signal: AbortSignal): Promise<readonly string[]> {
    const image = imageOf(path, undefined);
    const list = `/v2/${path}/tags/list`;
    const tags: string[] = [];
    let page: URL | undefined = new URL(this.options.url.href.replace(/\/$/, '') + list);
    page.search = `n=${Math.min(PAGE, Math.max(max, 1))}`;
    for (let pages = 0; page !== undefined && tags.length < max; pages++) {
      if (pages === MAX_PAGES) throw this.nonsense(image, `its tag list has more than ${MAX_PAGES} pages`);
      const answer = await this.ask('GET', list + page.search, path, image, { maxBytes: MAX_PAGE_BYTES, signal });
      tags.push(...this.parseTags(image, joined(answer.pieces)));
      const next = nextPage(page, answer.headers.get('link'));
      if (next === 'foreign') throw this.nonsense(image, 'its tag list goes on at another place');
      if (next?.href === page.href) throw this.nonsense(image, 'its tag list runs in a circle');
      page = next;
    }
    return tags.slice(0, max);
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
      headers: { accept: target.includes('/manifests/') ? ACCEPT : 'application/json' },
      scope: scopeOf(path),
      maxBytes,
      deadlineMs: this.deadlineMs,
      followRedirects: true,
      ...(signal && { signal }),
    });
    if (answer.status !== 200) throw this.refuse(image, answer);
    return answer;
  }

  /** A storage host's 429 says nothing about the registry. */
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
