import type { LookupFunction } from 'node:net';
import type { PeerConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { Authorization, type Sent } from './authorization.ts';
import { discard, PeerBody, readAll, readSome } from './body.ts';
import { createCredentials } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { blobLanes, type Lanes } from './lanes.ts';
import type { Pieces } from './pieces.ts';
import { createRateLimit } from './rate-limit.ts';
import { literalReach, mayReach } from './reach.ts';
import { foreignHeaders, isRedirect, MAX_REDIRECTS, redirectTarget } from './redirect.ts';
import { fetchToken } from './token.ts';
import { TokenCache } from './token-cache.ts';
import { createWire, type Received, TIMEOUTS, type Timeouts, type Wire } from './wire.ts';

export type { Timeouts } from './wire.ts';

/**
 * A configured peer (a registry or a trust server) over HTTP: authenticated, bounded in bytes and time, redirects by
 * hand. Answers of any status are answers; only a missing or broken one throws.
 */
export interface Peer {
  /** As configured; begins every message. */
  readonly name: string;
  /**
   * The whole answer. Of a status >= 400 at most 64 KiB of the body are kept.
   * @param path below the configured URL, with its leading slash and its query: `/v2/library/nginx/manifests/1.27`
   * @throws upstream.unreachable (network, timeouts, token server down) · upstream.protocol (over `maxBytes`, a redirect
   *   that is refused, a nonsensical token) · upstream.unauthorized (credentials unreadable, token refused, untrusted
   *   realm) · upstream.rate-limited (by the token server); the reason of `signal`, as it is, when that aborted
   */
  get(path: string, request: PeerRequest): Promise<PeerAnswer>;
  /**
   * As `get`, but returns once the headers are there. The body must be read to its end or destroyed; its errors are
   * `TufgateError` too. No total deadline on the body: only silence ends it (`idleMs`), or `signal`.
   *
   * Bodies that are open at once leave an eighth of the connections to `get`; who finds no lane waits, at most
   * `deadlineMs`, and is then upstream.unreachable with `busy` in its detail.
   */
  open(path: string, request: OpenRequest): Promise<PeerStream>;
  close(): Promise<void>;
}

export interface PeerRequest {
  readonly method?: 'GET' | 'HEAD';
  /** Lower-case names. Never `authorization`: that is the peer's own affair. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a token is asked for, should the peer want one: `repository:library/nginx:pull`. */
  readonly scope: string;
  /** A longer body is upstream.protocol, and is not read to its end. */
  readonly maxBytes: number;
  /** From the call to the last byte (`open`: to the headers), tokens and redirects included; milliseconds. */
  readonly deadlineMs: number;
  /** false (default): a 3xx is an answer like others. true: at most 10, without credentials once the origin changed. */
  readonly followRedirects?: boolean;
  readonly signal?: AbortSignal;
}

export interface PeerAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly pieces: Pieces;
  /** Another origin gave this answer, after a redirect. */
  readonly foreign: boolean;
}

export interface PeerStream extends Omit<PeerAnswer, 'pieces'> {
  readonly body: PeerBody;
}

export interface OpenRequest extends Omit<PeerRequest, 'maxBytes'> {
  /** Drops so many bytes at the start of a 200; for peers that do not know Range. */
  readonly skipOn200?: number;
}

/** Who the peer is and how patient tufgate is with it. */
export interface PeerOptions {
  /** For messages: the upstream's or the trust source's name. */
  readonly name: string;
  /** May have a path, which is put before every path asked for. */
  readonly url: URL;
  readonly config: PeerConfig;
  /** At most this many connections per origin. */
  readonly connections: number;
  /** Epoch milliseconds; for the life of tokens. */
  readonly clock: () => number;
  readonly timeouts?: Partial<Timeouts>;
  /**
   * Its token server, once it said 429, is left alone for as long as it said. For registries: how long a trust server may
   * be silent is ruled by `freshness`, and nobody else shall put off the next question for a revocation.
   */
  readonly obeyTokenServer?: boolean;
  /** For `password_env` and credential helpers; the process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** DNS; the system's when absent. */
  readonly lookup?: LookupFunction;
}

/**
 * Reads the certificate files at once.
 * @throws config.invalid when one cannot be read
 */
export function createPeer(options: PeerOptions): Peer {
  return new HttpPeer(options);
}

const ERROR_BODY = 64 * 1024;

/** The last hop of a request: the answer, and where it came from. */
interface Hop {
  readonly url: URL;
  readonly answer: Received;
  /** What the configured origin was shown. */
  readonly sent: Sent;
  readonly foreign: boolean;
}

class HttpPeer implements Peer {
  readonly name: string;
  private readonly base: URL;
  private readonly wire: Wire;
  private readonly tokens: TokenCache;
  private readonly lanes: Lanes;
  private readonly authorization: Authorization;

  constructor(options: PeerOptions) {
    const { name, url, config, clock } = options;
    const timeouts = { ...TIMEOUTS, ...options.timeouts };
    const wire = createWire({ ...options, home: url, timeouts });
    const rate = createRateLimit(`the token server of ${name}`, clock);
    const limits = { timeoutMs: timeouts.tokenMs, rate, obey: options.obeyTokenServer === true };
    const tokens = new TokenCache({ fetch: (request) => fetchToken(name, wire, request, limits), clock });
    const credentials = createCredentials(config.credentials, {
      host: url.host,
      env: options.env ?? process.env,
      clock,
    });
    this.name = name;
    this.base = url;
    this.wire = wire;
    this.tokens = tokens;
    this.lanes = blobLanes(options.connections);
    this.authorization = new Authorization({ peer: name, home: url, credentials, tokens });
  }

  async get(path: string, request: PeerRequest): Promise<PeerAnswer> {
    const deadline = new Deadline(request.deadlineMs, request.signal);
    const what = `${request.method ?? 'GET'} ${withoutQuery(path)}`;
    try {
      const { answer, foreign } = await this.exchange(path, request, deadline);
      const { status, headers } = answer;
      const pieces =
        status >= 400 || request.method === 'HEAD'
          ? await readSome(answer, Math.min(ERROR_BODY, request.maxBytes))
          : await readAll(this.name, what, answer, request.maxBytes);
      return { status, headers, pieces, foreign };
    } catch (error) {
      throw deadline.explain(this.name, what, error);
    } finally {
      deadline.end();
    }
  }

  async open(path: string, request: OpenRequest): Promise<PeerStream> {
    const leave = await this.lane(request);
    try {
      const stream = await this.stream(path, request);
      void stream.body.over.then(leave);
      return stream;
    } catch (error) {
      leave();
      throw error;
    }
  }

  private async stream(path: string, request: OpenRequest): Promise<PeerStream> {
    const deadline = new Deadline(request.deadlineMs, request.signal);
    const what = `${request.method ?? 'GET'} ${withoutQuery(path)}`;
    try {
      const { answer, foreign } = await this.exchange(path, request, deadline);
      const { status, headers } = answer;
      const skip = status === 200 ? (request.skipOn200 ?? 0) : 0;
      return { status, headers, foreign, body: new PeerBody(this.name, what, answer.body, skip, request.signal) };
    } catch (error) {
      throw deadline.explain(this.name, what, error);
    } finally {
      deadline.end();
    }
  }

  /** Waiting here is not the peer's slowness: it has a time of its own, and does not count against the peer. */
  private async lane({ deadlineMs, signal }: OpenRequest): Promise<() => void> {
    const patience = new Deadline(deadlineMs, signal);
    try {
      return await this.lanes.enter(patience.signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const { width } = this.lanes;
      const message =
        `${this.name}: all ${width} connections for blobs were in use for ${deadlineMs} ms: pull again later, ` +
        'or raise limits.upstream_connections';
      throw new TufgateError('upstream.unreachable', message, { detail: { peer: this.name, busy: true } });
    } finally {
      patience.end();
    }
  }

  async close(): Promise<void> {
    this.tokens.close();
    await this.wire.close();
  }

  private async exchange(path: string, request: OpenRequest, deadline: Deadline): Promise<Hop> {
    const first = await this.authorized(this.urlOf(path), request, deadline);
    return request.followRedirects === true ? this.follow(first, request, deadline) : first;
  }

  /** One request to the configured origin, and one more when it says how it wants to be asked. */
  private async authorized(url: URL, request: OpenRequest, deadline: Deadline): Promise<Hop> {
    const sent = await deadline.race(this.authorization.before(request.scope));
    const answer = await this.send(url, request, sent, deadline);
    if (answer.status !== 401 && answer.status !== 403) return { url, answer, sent, foreign: false };
    const next = await deadline.race(this.afterRefusal(answer, request, sent, deadline));
    if (next === undefined) return { url, answer, sent, foreign: false };
    discard(answer);
    return { url, answer: await this.send(url, request, next, deadline), sent: next, foreign: false };
  }

  private async afterRefusal(
    answer: Received,
    { scope }: OpenRequest,
    sent: Sent,
    deadline: Deadline,
  ): Promise<Sent | undefined> {
    if (answer.status === 403) return this.authorization.afterForbidden(scope, sent);
    const header = answer.headers.get('www-authenticate') ?? (await this.learn(deadline));
    return header === undefined ? undefined : this.authorization.after(header, scope, sent);
  }

  /** Google's registries answer 401 without a challenge: `/v2/` has it. */
  private async learn(deadline: Deadline): Promise<string | undefined> {
    const answer = await this.wire.send(this.urlOf('/v2/'), { method: 'GET', headers: {}, signal: deadline.signal });
    discard(answer);
    return answer.headers.get('www-authenticate');
  }

  private send(url: URL, request: OpenRequest, sent: Sent, deadline: Deadline): Promise<Received> {
    const headers = { ...request.headers, ...(sent.header !== undefined && { authorization: sent.header }) };
    return this.wire.send(url, { method: request.method ?? 'GET', headers, signal: deadline.signal });
  }

  /** Once a redirect has left the configured origin nothing of ours goes along, not even on the way back. */
  private async follow(first: Hop, request: OpenRequest, deadline: Deadline): Promise<Hop> {
    let hop = first;
    for (let hops = 0; isRedirect(hop.answer.status); hops++) {
      discard(hop.answer);
      if (hops === MAX_REDIRECTS) throw this.refuseRedirect(hop.url, `is one of more than ${MAX_REDIRECTS}`);
      const url = redirectTarget(this.name, hop.url, hop.answer.headers.get('location'));
      const foreign = hop.foreign || !this.wire.isHome(url);
      deadline.foreign = foreign;
      const answer = foreign
        ? await this.sendForeign(url, request, deadline)
        : await this.send(url, request, hop.sent, deadline);
      hop = { ...hop, url, answer, foreign };
    }
    return hop;
  }

  private async sendForeign(url: URL, request: OpenRequest, deadline: Deadline): Promise<Received> {
    const reach = literalReach(url.hostname) ?? 'public';
    if (reach !== 'public' && !mayReach(reach, await deadline.race(this.wire.homeReach())))
      throw this.refuseRedirect(url, 'leads into a private network');
    const headers = foreignHeaders(request.headers ?? {});
    return this.wire.send(url, { method: request.method ?? 'GET', headers, signal: deadline.signal, foreign: true });
  }

  private refuseRedirect(url: URL, why: string): TufgateError {
    const message = `${this.name}: a redirect (${url.host}) ${why}; it was not followed. Ask who runs that registry`;
    return new TufgateError('upstream.protocol', message, { detail: { peer: this.name } });
  }

  /** Callers check names; this is the last line: a path that URL parsing would change is not sent. */
  private urlOf(path: string): URL {
    const [pathname, query] = splitQuery(path);
    const full = this.base.pathname.replace(/\/$/, '') + pathname;
    const url = new URL(this.base.origin + full);
    if (!pathname.startsWith('/') || url.pathname !== full || url.origin !== this.base.origin)
      throw new TufgateError(
        'internal',
        `${this.name}: ${JSON.stringify(pathname)} is not a path that can be asked for`,
      );
    url.search = query;
    return url;
  }
}

function splitQuery(path: string): readonly [string, string] {
  const mark = path.indexOf('?');
  return mark < 0 ? [path, ''] : [path.slice(0, mark), path.slice(mark)];
}

function withoutQuery(path: string): string {
  return splitQuery(path)[0];
}
