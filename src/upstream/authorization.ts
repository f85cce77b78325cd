import { TufgateError } from '../errors.ts';
import { type Challenge, parseChallenges, pullScope } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import type { Credential } from './docker-config.ts';
import { realmRefusal } from './realm.ts';
import { basicAuthorization, type TokenRequest } from './token.ts';
import type { TokenCache } from './token-cache.ts';

/** What was sent: the header, and how it came about. */
export interface Sent {
  readonly kind: 'none' | 'basic' | 'bearer';
  readonly header?: string;
}

export interface AuthorizationOptions {
  readonly peer: string;
  readonly home: URL;
  readonly credentials: Credentials;
  readonly tokens: TokenCache;
}

const NONE: Sent = { kind: 'none' };

/**
 * How requests to one peer are authorized. It learns from the first 401 what the peer wants, and sends that along from
 * then on. Only answers of the configured origin itself may be passed in: a challenge met behind a redirect is
 * somebody else's question, and its answer a stolen password.
 */
export class Authorization {
  private readonly options: AuthorizationOptions;
  private learnt: Challenge | undefined;

  constructor(options: AuthorizationOptions) {
    this.options = options;
  }

  /** What to send at first. */
  async before(scope: string): Promise<Sent> {
    return this.learnt === undefined ? NONE : this.answer(this.learnt, scope, scope, NONE);
  }

  /**
   * What to send after a refusal.
   * @param header WWW-Authenticate of the 401
   * @returns undefined when there is nothing better than what was sent
   */
  async after(header: string, scope: string, sent: Sent): Promise<Sent | undefined> {
    const challenges = parseChallenges(header);
    const challenge =
      challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge === undefined) return undefined;
    const next = await this.answer(challenge, pullScope(challenge.params.get('scope'), scope), scope, sent);
    this.learnt = challenge;
    return next.kind === 'none' || next.header === sent.header ? undefined : next;
  }

  /** ECR says 403, not 401, when its 12-hour password has ended: worth one look for a newer one. */
  async afterForbidden(scope: string, sent: Sent): Promise<Sent | undefined> {
    if (sent.kind !== 'basic') return undefined;
    const next = basic(await this.credential(scope, true));
    return next.kind === 'none' || next.header === sent.header ? undefined : next;
  }

  private async answer(challenge: Challenge, scope: string, wanted: string, sent: Sent): Promise<Sent> {
    const credential = await this.credential(wanted, sent.kind !== 'none');
    if (challenge.scheme === 'basic') return basic(credential);
    if (credential?.kind === 'bearer') return bearer(credential.token);
    const refused = sent.kind === 'bearer' ? sent.header?.slice('Bearer '.length) : undefined;
    return bearer(await this.options.tokens.get(this.request(challenge, scope, credential), refused));
  }

  private credential(scope: string, fresh: boolean): Promise<Credential | undefined> {
    const path = scope.slice(scope.indexOf(':') + 1, scope.lastIndexOf(':'));
    return this.options.credentials.find(path, fresh);
  }

  /** @throws upstream.unauthorized for a realm that must not see the credentials: anonymous requests neither */
  private request(challenge: Challenge, scope: string, credential: Credential | undefined): TokenRequest {
    const { peer, home } = this.options;
    const text = challenge.params.get('realm') ?? '';
    const realm = URL.canParse(text) ? new URL(text) : undefined;
    const why = realm === undefined ? 'it is not a URL' : realmRefusal(realm, home);
    if (realm === undefined || why !== undefined) {
      const message = `${peer}: ${home.host} asks for a token from ${realm?.host ?? 'nowhere'}, which is not trusted: ${why ?? ''}`;
      throw new TufgateError('upstream.unauthorized', `${message}; no credentials were sent. Check the url`);
    }
    const service = challenge.params.get('service');
    return { realm, scope, ...(service !== undefined && { service }), ...(credential && { credential }) };
  }
}

function basic(credential: Credential | undefined): Sent {
  if (credential?.kind === 'basic') return { kind: 'basic', header: basicAuthorization(credential) };
  return NONE;
}

function bearer(token: string): Sent {
  return { kind: 'bearer', header: `Bearer ${token}` };
}
