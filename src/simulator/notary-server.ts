import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotaryRepository } from './notary-repository.ts';

/**
 * A simulated Notary v1 server on 127.0.0.1: the read side of notary-server's API (server/server.go), with the
 * headers and error bodies of the real one, and misbehaviour that can be switched on per file.
 */
export type Misbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Starts the right answer and never ends it. */
  | { readonly kind: 'endless' }
  /** Closes the connection in the middle of the body. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Serves these bytes instead. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export interface SimulatedUser {
  readonly username: string;
  readonly password: string;
}

export interface NotaryServerOptions {
  /** Asks for a token on every request; with `user`, anonymous ones get none. */
  readonly auth?: { readonly user?: SimulatedUser };
}

export interface NotaryRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

const TUF_PATH = /^\/v2\/(.+)\/_trust\/tuf\/(.+)\.json$/;
const CHUNK = Buffer.alloc(64 * 1024, ' ');

export class NotaryServer {
  /** What was asked, oldest first. */
  readonly requests: NotaryRequest[] = [];
  /** By name without `.json` (`timestamp`, `2.root`), or `*` for all. */
  readonly misbehaviours = new Map<string, Misbehaviour>();
  private readonly collections = new Map<string, NotaryRepository>();
  private readonly tokens = new Set<string>();
  private readonly auth: NotaryServerOptions['auth'];
  private readonly http = createServer((request, response) => {
    this.answer(request, response);
  });

  constructor(options: NotaryServerOptions = {}) {
    this.auth = options.auth;
  }

  /** Any free port of 127.0.0.1. */
  async listen(): Promise<URL> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return this.url;
  }

  get url(): URL {
    const { port } = this.http.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  add(repository: NotaryRepository): this {
    this.collections.set(repository.gun, repository);
    return this;
  }

  /** As `DELETE /v2/<gun>/_trust/tuf/` does. */
  remove(gun: string): this {
    this.collections.delete(gun);
    return this;
  }

  /** The same answer without HTTP. @param name `timestamp`, `2.root`, `targets/releases.<sha256>` */
  fetch(gun: string, name: string): Uint8Array | undefined {
    return this.collections.get(gun)?.fetch(name);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push({ method: request.method ?? '', path: url.pathname, headers: request.headers });
    if (url.pathname === '/token') this.giveToken(request, url, response);
    else if (!this.authorized(request)) this.challenge(url, response);
    else if (url.pathname === '/v2/') send(response, 200, '{}');
    else this.serve(request, url, response);
  }

  private serve(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const [, gun = '', name = ''] = TUF_PATH.exec(decodeURI(url.pathname)) ?? [];
    const wrong = this.misbehaviours.get(name) ?? this.misbehaviours.get('*');
    const bytes = request.method === 'GET' ? this.fetch(gun, name) : undefined;
    if (wrong !== undefined) misbehave(response, wrong, bytes ?? Buffer.from('{}'));
    else if (bytes === undefined) refuse(response, 404, 'METADATA_NOT_FOUND');
    else send(response, 200, bytes, cacheHeaders(name));
  }

  private authorized(request: IncomingMessage): boolean {
    if (this.auth === undefined) return true;
    return this.tokens.has(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
  }

  private challenge(url: URL, response: ServerResponse): void {
    const gun = /^\/v2\/(.+)\/_trust\//.exec(url.pathname)?.[1];
    const scope = gun === undefined ? 'registry:catalog:*' : `repository:${gun}:pull`;
    const realm = new URL('/token', this.url).href;
    const header = `Bearer realm="${realm}",service="notary",scope="${scope}"`;
    refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': header });
  }

  private giveToken(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const user = this.auth?.user;
    const basic = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
    const known = user === undefined || basic === `${user.username}:${user.password}`;
    if (!known || !url.searchParams.has('scope')) {
      refuse(response, 401, 'UNAUTHORIZED');
      return;
    }
    const token = randomUUID();
    this.tokens.add(token);
    send(response, 200, JSON.stringify({ token, expires_in: 300 }), { 'content-type': 'application/json' });
  }
}

function misbehave(response: ServerResponse, wrong: Misbehaviour, bytes: Uint8Array): void {
  switch (wrong.kind) {
    case 'status': {
      refuse(response, wrong.status, 'UNKNOWN', wrong.headers);
      return;
    }
    case 'hang':
      return;
    case 'endless':
      response.writeHead(200, { 'content-type': 'text/plain' }).write(bytes);
      pour(response);
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
      return;
    case 'redirect':
      response.writeHead(302, { location: wrong.location }).end();
      return;
    case 'bytes': {
      send(response, 200, wrong.bytes);
      return;
    }
  }
}

function pour(response: ServerResponse): void {
  if (response.destroyed) return;
  while (response.write(CHUNK));
  response.once('drain', () => {
    pour(response);
  });
}

/** notary-server's defaults: a file by hash or version never changes, a current one may be five minutes old. */
function cacheHeaders(name: string): Record<string, string> {
  const consistent = /\.[0-9a-f]{64}$|^\d+\./.test(name);
  return { 'cache-control': consistent ? 'public, max-age=2592000' : 'public, max-age=300, must-revalidate' };
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' '), detail: null }] });
  send(response, status, body, { 'content-type': 'application/json; charset=utf-8', ...headers });
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(body);
}
