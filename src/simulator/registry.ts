import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Descriptor } from '../oci/descriptors.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { blobSource, type BlobSource, patternBlob, sendBody } from './registry-body.ts';
import { type Exchange, refuse } from './registry-exchange.ts';
import { type Lie, Lies } from './registry-lies.ts';
import { artifactManifest, type ArtifactOptions, referrersIndex, referrersTag } from './registry-referrers.ts';
import { type TokenOptions, TokenServer } from './registry-token.ts';

/**
 * A container registry in this process, on loopback, that can be told to lie. The tests drive the proxy against it and
 * `tufgate demo` shows it off. It speaks the pull half of the distribution specification; its counters let a test say
 * "asked once". Honest until told otherwise: `registry.lie(path, …)`.
 *
 * ```ts
 * const registry = await RegistrySimulator.start();
 * const image = registry.addImage({ repository: 'acme/hello', tag: '1.0', layers: [Buffer.from('layer')] });
 * registry.lie(`/v2/acme/hello/blobs/${image.layers[0]}`, { kind: 'flip' });
 * ```
 */
export interface RegistryOptions {
  /** Bearer tokens from an endpoint of this server. */
  readonly token?: TokenOptions;
  /** Basic authentication on every `/v2/` path; asked anew each time, so that a test can change its mind. */
  readonly basic?: () => { readonly username: string; readonly password: string };
  /** Blobs are answered with a 307 to another origin (another port), as cloud registries do. */
  readonly redirectBlobs?: boolean;
  /** Tags a page, when the client asks for more; referrers a page. */
  readonly pageSize?: number;
  /** false: a registry of before distribution-spec 1.1, which knows no referrers. */
  readonly referrers?: boolean;
}

export interface ImageOptions {
  readonly repository: string;
  readonly tag?: string;
  readonly layers: readonly (Uint8Array | BlobSource)[];
  /** Members of the image's configuration; a minimal one when absent. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface AddedImage {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

export interface AddedManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Came to the second origin, the storage. */
  readonly storage: boolean;
}

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

interface Repository {
  readonly tags: Map<string, Digest>;
  readonly manifests: Map<Digest, AddedManifest>;
  readonly blobs: Map<Digest, BlobSource>;
  /** By subject, in the order they came. */
  readonly referrers: Map<string, Descriptor[]>;
}

export class RegistrySimulator {
  /** Every request, oldest first. */
  readonly seen: SeenRequest[] = [];
  private readonly options: RegistryOptions;
  private readonly repositories = new Map<string, Repository>();
  private readonly lies = new Lies();
  private readonly tokens: TokenServer | undefined;
  private readonly front: Server;
  private readonly storage: Server;

  private constructor(options: RegistryOptions) {
    this.options = options;
    this.tokens = options.token === undefined ? undefined : new TokenServer(options.token);
    this.front = createServer((request, response) => {
      this.answer(request, response, false);
    });
    this.storage = createServer((request, response) => {
      this.answer(request, response, true);
    });
  }

  /** @param port 0 (default) = any free port */
  static async start(options: RegistryOptions = {}, port = 0): Promise<RegistrySimulator> {
    const registry = new RegistrySimulator(options);
    await Promise.all([listen(registry.front, port), listen(registry.storage, 0)]);
    return registry;
  }

  get url(): URL {
    return urlOf(this.front);
  }

  /** The second origin, which blobs are redirected to. */
  get storageUrl(): URL {
    return urlOf(this.storage);
  }

  /** Requests for exactly this path (query aside), on both origins. */
  count(path: string, method?: string): number {
    const same = (seen: SeenRequest): boolean => pathOf(seen.url) === path && (method ?? seen.method) === seen.method;
    return this.seen.filter(same).length;
  }

  /** Sets how a path is answered from now on, or for the next `times` requests; a later lie replaces an earlier one. */
  lie(path: string, lie: Lie, times = Infinity): void {
    this.lies.set(path, lie, times);
  }

  /** Back to honesty, on one path or on all. */
  repent(path?: string): void {
    this.lies.clear(path);
  }

  /** Lets all stalled bodies go on. */
  release(): void {
    this.lies.release();
  }

  /** No token given out so far is accepted any more. */
  revokeTokens(): void {
    this.tokens?.revoke();
  }

  addImage({ repository, tag, layers, config }: ImageOptions): AddedImage {
    const configBytes = json(
      config ?? { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
    );
    const configDigest = this.addBlob(repository, configBytes);
    const sources = layers.map((layer) => (layer instanceof Uint8Array ? blobSource(layer) : layer));
    for (const source of sources) this.repository(repository).blobs.set(source.digest, source);
    const manifest = {
      schemaVersion: 2,
      mediaType: IMAGE,
      config: { mediaType: CONFIG, digest: configDigest, size: configBytes.length },
      layers: sources.map(({ digest, size }) => ({ mediaType: LAYER, digest, size })),
    };
    const added = this.addManifest(repository, json(manifest), IMAGE, tag);
    return { ...added, config: configDigest, layers: sources.map(({ digest }) => digest) };
  }

  /** @param children manifests of this repository; `platform` by position: amd64, arm64, … */
  addIndex(repository: string, tag: string | undefined, children: readonly AddedManifest[]): AddedManifest {
    const architectures = ['amd64', 'arm64', 's390x', 'ppc64le'];
    const manifests = children.map(({ digest, size, mediaType }, position) => ({
      mediaType,
      digest,
      size,
      platform: { os: 'linux', architecture: architectures[position] ?? `arch${position}` },
    }));
    return this.addManifest(repository, json({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX, tag);
  }

  /** Any bytes, also such that no registry should accept. */
  addManifest(repository: string, bytes: Uint8Array, mediaType: string, tag?: string): AddedManifest {
    const added = { digest: sha256(bytes), size: bytes.length, mediaType, bytes };
    this.repository(repository).manifests.set(added.digest, added);
    if (tag !== undefined) this.moveTag(repository, tag, added.digest);
    return added;
  }

  /** Something that refers to a manifest; without the API it is in the list under the fallback tag, as clients keep it. */
  addReferrer(repository: string, subject: AddedManifest, options: ArtifactOptions): AddedManifest {
    const { bytes, describe } = artifactManifest(subject, options);
    const added = this.addManifest(repository, bytes, IMAGE);
    const { referrers } = this.repository(repository);
    const known = [...(referrers.get(subject.digest) ?? []), describe(added)];
    referrers.set(subject.digest, known);
    if (this.options.referrers === false)
      this.addManifest(repository, referrersIndex(known), INDEX, referrersTag(subject.digest));
    return added;
  }

  addBlob(repository: string, bytes: Uint8Array): Digest {
    const source = blobSource(bytes);
    this.repository(repository).blobs.set(source.digest, source);
    return source.digest;
  }

  /** A blob of `size` bytes that is made while it is sent: its digest costs one pass, its memory nothing. */
  addPatternBlob(repository: string, size: number, seed = 1): Digest {
    const source = patternBlob(size, seed);
    this.repository(repository).blobs.set(source.digest, source);
    return source.digest;
  }

  /** What a registry does behind everybody's back. */
  moveTag(repository: string, tag: string, to: Digest): void {
    this.repository(repository).tags.set(tag, to);
  }

  remove(repository: string, what: { readonly tag?: string; readonly digest?: Digest }): void {
    const { tags, manifests, blobs } = this.repository(repository);
    if (what.tag !== undefined) tags.delete(what.tag);
    if (what.digest === undefined) return;
    manifests.delete(what.digest);
    blobs.delete(what.digest);
  }

  /** Ends connections too. */
  async close(): Promise<void> {
    this.lies.release();
    await Promise.all([this.front, this.storage].map(end));
  }

  private repository(name: string): Repository {
    const found = this.repositories.get(name) ?? {
      tags: new Map(),
      manifests: new Map(),
      blobs: new Map(),
      referrers: new Map(),
    };
    this.repositories.set(name, found);
    return found;
  }

  private answer(request: IncomingMessage, response: ServerResponse, storage: boolean): void {
    const { method = 'GET', url = '/', headers } = request;
    this.seen.push({ method, url, headers, storage });
    const exchange = { request, response, path: pathOf(url), query: new URL(url, this.url).searchParams };
    if (!storage && this.tokens?.answers(exchange) === true) return;
    if (!storage && this.challenged(exchange)) return;
    const lie = this.lies.take(exchange.path);
    if (lie?.kind === 'answer') lie.answer(request, response);
    else this.serve(exchange, storage, lie);
  }

  /** @returns true when the request was answered with a 401 */
  private challenged({ request, response }: Exchange): boolean {
    const { authorization } = request.headers;
    if (this.tokens !== undefined && !this.tokens.accepts(authorization)) {
      refuse(response, 401, 'UNAUTHORIZED', {
        'www-authenticate': this.tokens.challenge(this.url, request.url ?? '/'),
      });
      return true;
    }
    const login = this.options.basic?.();
    if (login === undefined) return false;
    const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    if (authorization === expected) return false;
    refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="simulator"' });
    return true;
  }

  private serve(exchange: Exchange, storage: boolean, lie: Lie | undefined): void {
    const { path, response } = exchange;
    if (path === '/v2/') {
      response.writeHead(200, { 'content-length': 2, 'content-type': 'application/json' }).end('{}');
      return;
    }
    const [, name = '', kind = '', reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(path) ?? [];
    const repository = this.repositories.get(name);
    if (repository === undefined) refuse(response, 404, 'NAME_UNKNOWN');
    else if (kind === 'manifests') this.serveManifest(exchange, repository, reference, lie);
    else if (kind === 'tags') this.serveTags(exchange, name, repository);
    else if (kind === 'referrers') this.serveReferrers(exchange, repository, reference, lie);
    else if (this.options.redirectBlobs === true && !storage) this.redirect(exchange);
    else this.serveBlob(exchange, repository, reference, lie);
  }

  private serveManifest(exchange: Exchange, { tags, manifests }: Repository, reference: string, lie?: Lie): void {
    const digest = reference.includes(':') ? (reference as Digest) : tags.get(reference);
    const found = digest === undefined ? undefined : manifests.get(digest);
    if (found === undefined) {
      refuse(exchange.response, 404, 'MANIFEST_UNKNOWN');
      return;
    }
    const headers = { 'content-type': found.mediaType, 'docker-content-digest': found.digest };
    this.send(exchange, blobSource(found.bytes), headers, lie);
  }

  private serveReferrers(exchange: Exchange, { referrers }: Repository, subject: string, lie?: Lie): void {
    if (this.options.referrers === false) {
      refuse(exchange.response, 404, 'NOT_FOUND');
      return;
    }
    const all = referrers.get(subject) ?? [];
    const from = Number(exchange.query.get('from') ?? 0);
    const to = from + (this.options.pageSize ?? 100);
    const link = to < all.length ? { link: `<${exchange.path}?from=${to}>; rel="next"` } : {};
    this.send(exchange, blobSource(referrersIndex(all.slice(from, to))), { 'content-type': INDEX, ...link }, lie);
  }

  private serveBlob(exchange: Exchange, { blobs }: Repository, reference: string, lie?: Lie): void {
    const found = blobs.get(reference as Digest);
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': reference };
    if (found === undefined) refuse(exchange.response, 404, 'BLOB_UNKNOWN');
    else this.send(exchange, found, { ...headers, 'accept-ranges': 'bytes' }, lie);
  }

  private send(exchange: Exchange, source: BlobSource, headers: Record<string, string>, lie: Lie | undefined): void {
    const held = (): Promise<void> => this.lies.held();
    // A client that goes away is a daily event, and the tests look at their own side of it.
    sendBody(exchange, source, headers, { lie, held }).catch(() => exchange.response.destroy());
  }

  /** The query stands for a storage signature: it must appear in no log and no message. */
  private redirect({ path, response }: Exchange): void {
    const location = new URL(`${path}?X-Signature=secret-signature`, this.storageUrl);
    response.writeHead(307, { location: location.href, 'content-length': 0 }).end();
  }

  private serveTags({ query, response }: Exchange, name: string, { tags }: Repository): void {
    const last = query.get('last') ?? '';
    const wanted = Math.min(Number(query.get('n') ?? 100), this.options.pageSize ?? 100);
    const rest = [...tags.keys()].sort().filter((tag) => tag > last);
    const page = rest.slice(0, wanted);
    const link = `</v2/${name}/tags/list?n=${wanted}&last=${page.at(-1) ?? ''}>; rel="next"`;
    const body = json({ name, tags: page });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    response.writeHead(200, rest.length > page.length ? { ...headers, link } : headers).end(body);
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Uint8Array): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? url;
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}

async function end(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function urlOf(server: Server): URL {
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
