import { TufgateError } from '../errors.ts';
import { readJsonAs, type JsonObject } from '../json/read.ts';
import { discard, readAll } from './body.ts';
import type { Credential } from './docker-config.ts';
import { joined } from './pieces.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Message, Received, Wire } from './wire.ts';

/** What a token is asked for with: distribution's token specification, and its OAuth2 form for identity tokens. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service?: string;
  readonly scope: string;
  readonly credential?: Credential;
}

export interface Token {
  readonly value: string;
  readonly lifeMs: number;
}

const MIN_LIFE_S = 60;
const MAX_LIFE_S = 24 * 3600;
const MAX_ANSWER = 256 * 1024;
const LIMITS = { depth: 8, values: 1_000, integersOnly: false };
// What servers without the OAuth2 endpoint answer to a POST (containerd: GCR, Artifactory, ACR).
const NO_POST: ReadonlySet<number> = new Set([400, 401, 404, 405]);
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

export interface TokenLimits {
  readonly timeoutMs: number;
  /** Of the token server. */
  readonly rate: RateLimit;
  /** Ask nothing while `rate` says so. */
  readonly obey: boolean;
}

/** Redirects of token servers are not followed: a password goes where the realm was judged, nowhere else. */
export async function fetchToken(peer: string, wire: Wire, request: TokenRequest, limits: TokenLimits): Promise<Token> {
  if (limits.obey) limits.rate.check(request.scope);
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const what = `GET ${request.realm.host}${request.realm.pathname}`;
  try {
    const answer = await ask(wire, request, signal);
    if (answer.status !== 200) throw refused(peer, request, answer, limits.rate);
    return parseToken(peer, joined(await readAll(peer, what, answer, MAX_ANSWER)));
  } catch (error) {
    if (error instanceof TufgateError) throw error;
    const why = signal.aborted ? `no answer within ${limits.timeoutMs} ms` : 'the connection broke';
    throw new TufgateError('upstream.unreachable', `${peer}: the token server ${request.realm.host}: ${why}`, {
      cause: error,
    });
  }
}

async function ask(wire: Wire, request: TokenRequest, signal: AbortSignal): Promise<Received> {
  const { credential } = request;
  if (credential?.kind !== 'identity') return wire.send(...byGet(request, credential, signal));
  const answer = await wire.send(...byPost(request, credential.token, signal));
  if (!NO_POST.has(answer.status)) return answer;
  discard(answer);
  const basic = { kind: 'basic', username: credential.username || '<token>', password: credential.token } as const;
  return wire.send(...byGet(request, basic, signal));
}

function byGet(request: TokenRequest, credential: Credential | undefined, signal: AbortSignal): [URL, Message] {
  const url = new URL(request.realm);
  url.hash = '';
  if (request.service !== undefined) url.searchParams.set('service', request.service);
  for (const scope of request.scope.split(' ')) url.searchParams.append('scope', scope);
  if (credential?.kind !== 'basic') return [url, { method: 'GET', headers: {}, signal }];
  url.searchParams.set('account', credential.username);
  return [url, { method: 'GET', headers: { authorization: basicAuthorization(credential) }, signal }];
}

function byPost(request: TokenRequest, refreshToken: string, signal: AbortSignal): [URL, Message] {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'tufgate', scope: request.scope });
  form.set('refresh_token', refreshToken);
  if (request.service !== undefined) form.set('service', request.service);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return [request.realm, { method: 'POST', headers, body: form.toString(), signal }];
}

export function basicAuthorization(credential: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`, 'utf8').toString('base64')}`;
}

function parseToken(peer: string, bytes: Uint8Array): Token {
  const tree = readJsonAs('upstream.protocol', `${peer}: the token server's answer`, bytes, LIMITS);
  const object: JsonObject = tree instanceof Map ? (tree as JsonObject) : new Map();
  const value = [object.get('token'), object.get('access_token')].find(
    (text) => typeof text === 'string' && text !== '',
  );
  if (typeof value !== 'string' || !TOKEN.test(value))
    throw new TufgateError('upstream.protocol', `${peer}: the token server answered without a usable token`);
  const life = object.get('expires_in');
  const seconds = typeof life === 'number' ? Math.min(Math.max(life, MIN_LIFE_S), MAX_LIFE_S) : MIN_LIFE_S;
  return { value, lifeMs: seconds * 1000 };
}

function refused(peer: string, request: TokenRequest, answer: Received, rate: RateLimit): TufgateError {
  discard(answer);
  const { status } = answer;
  const where = `${peer}: the token server ${request.realm.host} answered ${status} for ${request.scope}`;
  const detail = { peer, status };
  if (status === 401 || status === 403) {
    const why =
      request.credential === undefined
        ? 'a private or missing repository; configure `credentials` if it is private'
        : 'a missing repository, or credentials without the right to pull it; check `credentials`';
    return new TufgateError('upstream.unauthorized', `${where}: ${why}`, { detail });
  }
  if (status === 429) return rate.hit(request.scope, answer.headers.get('retry-after'));
  if (status >= 500) return new TufgateError('upstream.unreachable', `${where}: try again later`, { detail });
  return new TufgateError('upstream.protocol', `${where}: a token or a refusal was expected`, { detail });
}
