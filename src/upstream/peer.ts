import type { Readable } from 'node:stream';
import type { PeerConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';

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
   * `TufgateError` too. No total deadline on the body: only silence ends it (`bodyTimeoutMs`), or `signal`.
   */
  open(path: string, request: Omit<PeerRequest, 'maxBytes'>): Promise<PeerStream>;
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
  readonly bytes: Uint8Array;
  /** Another origin gave this answer, after a redirect. */
  readonly foreign: boolean;
}

export interface PeerStream extends Omit<PeerAnswer, 'bytes'> {
  readonly body: Readable;
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
}

export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  /** The longest silence within a body. */
  readonly idleMs: number;
  /** All of one token request. */
  readonly tokenMs: number;
}

/**
 * Reads the certificate files at once.
 * @throws config.invalid when one cannot be read
 */
export function createPeer(options: PeerOptions): Peer {
  throw new TufgateError('internal', `not there yet: ${options.name}`);
}
