import { randomUUID } from 'node:crypto';
import { type Exchange, refuse } from './registry-exchange.ts';

export interface TokenOptions {
  /** Password by user; without any, tokens are given to everybody. */
  readonly users?: ReadonlyMap<string, string>;
  /** OAuth2 refresh tokens that POST accepts; without any, POST is 404. */
  readonly identityTokens?: readonly string[];
  /** Seconds; left out of the answer when undefined. */
  readonly expiresIn?: number;
  /** The realm named in challenges: elsewhere, for tests of distrust. */
  readonly realm?: string;
  readonly service?: string;
  /** The scope named in challenges, whatever was asked for. */
  readonly scope?: string;
}

const PATH = '/token';

/** The token endpoint of the simulator, `GET` and `POST /token`. */
export class TokenServer {
  private readonly options: TokenOptions;
  private readonly valid = new Set<string>();

  constructor(options: TokenOptions) {
    this.options = options;
  }

  /** @returns false when the request is not for this endpoint */
  answers({ request, response, path }: Exchange): boolean {
    if (path !== PATH) return false;
    if (request.method === 'POST') this.post(request, response);
    else this.give(response, this.knows(request.headers.authorization));
    return true;
  }

  accepts(authorization: string | undefined): boolean {
    return authorization?.startsWith('Bearer ') === true && this.valid.has(authorization.slice('Bearer '.length));
  }

  challenge(home: URL, url: string): string {
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(url)?.[1];
    const scope = this.options.scope ?? (repository === undefined ? undefined : `repository:${repository}:pull`);
    const realm = this.options.realm ?? new URL(PATH, home).href;
    const named = `Bearer realm="${realm}",service="${this.options.service ?? 'simulator'}"`;
    return scope === undefined ? named : `${named},scope="${scope}"`;
  }

  revoke(): void {
    this.valid.clear();
  }

  private knows(authorization: string | undefined): boolean {
    const { users } = this.options;
    if (users === undefined) return true;
    const [user, password] = Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64')
      .toString()
      .split(':');
    return user !== undefined && password !== undefined && users.get(user) === password;
  }

  private post(request: Exchange['request'], response: Exchange['response']): void {
    const { identityTokens } = this.options;
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (identityTokens === undefined) refuse(response, 404, 'UNSUPPORTED');
      else this.give(response, identityTokens.includes(new URLSearchParams(body).get('refresh_token') ?? ''));
    });
  }

  private give(response: Exchange['response'], known: boolean): void {
    if (!known) {
      refuse(response, 401, 'UNAUTHORIZED');
      return;
    }
    const token = randomUUID();
    this.valid.add(token);
    const { expiresIn } = this.options;
    const body = JSON.stringify({ token, ...(expiresIn !== undefined && { expires_in: expiresIn }) });
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  }
}
