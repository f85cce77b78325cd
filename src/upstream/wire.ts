import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { PeerConfig } from '../config/config.ts';
import { messageOf, TufgateError } from '../errors.ts';
import { Answer, type Head } from './answer.ts';
import { failure, isReset } from './failure.ts';
import { largeReads } from './large-reads.ts';
import { guardedLookup, reachOfHost, type Reach } from './reach.ts';

/**
 * One HTTP/1.1 exchange, nothing more: no redirect is followed, no credential added, no body decoded.
 *
 * Two sets of connections: `home`, for the configured origin, shows the client certificate and trusts the configured CA
 * alone; `foreign`, for storage hosts and token servers that the upstream names, shows none, trusts the public CAs too,
 * and does not connect into networks that the upstream itself is not in. undici's dispatchers, not `fetch`: fetch follows
 * redirects and decompresses, so neither credentials nor hashes would be ours to judge.
 */
export interface Wire {
  /** @throws upstream.unreachable, upstream.protocol; the reason of `signal` when that aborted */
  send(url: URL, message: Message): Promise<Received>;
  /** True for the configured origin: scheme, host and port. */
  isHome(url: URL): boolean;
  /** The network that the configured origin is in. */
  homeReach(): Promise<Reach>;
  close(): Promise<void>;
}

export interface Message {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Reached by way of another origin: no client certificate, even for the configured one. */
  readonly foreign?: boolean;
}

export interface Received {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Answer;
}

export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  /** The longest silence within a body. */
  readonly idleMs: number;
  /** All of one token request. */
  readonly tokenMs: number;
}

export const TIMEOUTS: Timeouts = { connectMs: 10_000, headersMs: 30_000, idleMs: 60_000, tokenMs: 15_000 };

export interface WireOptions {
  readonly name: string;
  readonly home: URL;
  readonly config: PeerConfig;
  /** Per origin. */
  readonly connections: number;
  readonly timeouts: Timeouts;
  /** DNS; the system's when absent. */
  readonly lookup?: LookupFunction;
}

/** @throws config.invalid when a certificate cannot be read */
export function createWire(options: WireOptions): Wire {
  const { name, home, timeouts, lookup } = options;
  const homeReach = (): Promise<Reach> => reachOfHost(home.hostname, lookup);
  const agents = createAgents(options, homeReach);
  const isHome = (url: URL): boolean => url.origin === home.origin;

  const exchange = async (url: URL, message: Message): Promise<Received> => {
    const body = new Answer(message.signal);
    const asked = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: message.method,
      headers: { 'user-agent': 'tufgate', 'accept-encoding': 'identity', ...message.headers },
      body: message.body ?? null,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
    };
    (isHome(url) && message.foreign !== true ? agents.home : agents.foreign).dispatch(asked, body);
    const { status, headers } = await body.head;
    return { status, headers: headerMap(headers), body };
  };

  const send = async (url: URL, message: Message): Promise<Received> => {
    try {
      return await exchange(url, message).catch((error: unknown) => {
        if (message.method === 'POST' || !isReset(error)) throw error;
        return exchange(url, message);
      });
    } catch (error) {
      if (message.signal?.aborted === true) throw message.signal.reason;
      throw failure(name, `${message.method} ${url.host}${url.pathname}`, error);
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all([agents.home.destroy(), agents.foreign.destroy()]);
  };
  return { send, isHome, homeReach, close };
}

function createAgents(
  options: WireOptions,
  homeReach: () => Promise<Reach>,
): { home: Dispatcher; foreign: Dispatcher } {
  const { config, lookup } = options;
  const ca = config.ca === undefined ? undefined : readPem(config.ca, 'ca');
  const cert = config.clientCert === undefined ? undefined : readPem(config.clientCert, 'client_cert');
  const key = config.clientKey === undefined ? undefined : readPem(config.clientKey, 'client_key');
  const home = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(lookup && { lookup }) };
  const foreign = { ...(ca && { ca: [...rootCertificates, ca] }), lookup: guardedLookup(homeReach, lookup) };
  return { home: agent(options, home), foreign: agent(options, foreign) };
}

/** Behind an egress proxy names are resolved by the proxy: then only literal addresses can be judged here. */
function agent(options: WireOptions, tls: object): Dispatcher {
  const { config, connections, timeouts } = options;
  const connect = { ...tls, timeout: timeouts.connectMs };
  const shared = { connections, pipelining: 1, keepAliveTimeout: 15_000, allowH2: false };
  if (config.proxy === undefined) return new Agent({ ...shared, connect: largeReads(connect) });
  try {
    return new ProxyAgent({
      ...shared,
      uri: config.proxy,
      requestTls: connect,
      proxyTls: { timeout: timeouts.connectMs },
    });
  } catch (cause) {
    throw new TufgateError('config.invalid', `${options.name}: \`proxy\` is not a URL that can be used`, { cause });
  }
}

function readPem(file: string, member: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TufgateError('config.invalid', `${member}: ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function headerMap(headers: Head['headers']): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) map.set(name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value);
  return map;
}
