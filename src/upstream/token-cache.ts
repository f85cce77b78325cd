import { createHash } from 'node:crypto';
import type { Token, TokenRequest } from './token.ts';

const MAX_TOKENS = 1_000;

interface Kept {
  readonly answer: Promise<Token>;
  /** Epoch milliseconds; not known while the token is still being fetched. */
  renewAt: number;
  value?: string;
}

/**
 * One token per realm, service, scope and credential, shared by all requests: eight pulls of one image cost one token,
 * not eight. Renewed at 80 % of its life. A failure is shared by those who wait for it, and not kept.
 */
export class TokenCache {
  private readonly kept = new Map<string, Kept>();
  private readonly fetch: (request: TokenRequest) => Promise<Token>;
  private readonly clock: () => number;

  constructor(fetch: (request: TokenRequest) => Promise<Token>, clock: () => number) {
    this.fetch = fetch;
    this.clock = clock;
  }

  /** @param refused a token the peer has just refused: not given out again */
  async get(request: TokenRequest, refused?: string): Promise<string> {
    const key = keyOf(request);
    const found = this.kept.get(key);
    const usable = found !== undefined && this.clock() < found.renewAt;
    if (usable && (refused === undefined || found.value !== refused)) return (await found.answer).value;
    return (await this.renew(key, request)).value;
  }

  private renew(key: string, request: TokenRequest): Promise<Token> {
    const entry: Kept = { answer: this.fetch(request), renewAt: Infinity };
    this.makeRoom();
    this.kept.set(key, entry);
    entry.answer.then(
      (token) => {
        entry.renewAt = this.clock() + token.lifeMs * 0.8;
        entry.value = token.value;
      },
      () => {
        if (this.kept.get(key) === entry) this.kept.delete(key);
      },
    );
    return entry.answer;
  }

  private makeRoom(): void {
    if (this.kept.size < MAX_TOKENS) return;
    for (const [key, entry] of this.kept) if (entry.renewAt <= this.clock()) this.kept.delete(key);
    const oldest = this.kept.keys().next();
    if (this.kept.size >= MAX_TOKENS && oldest.done !== true) this.kept.delete(oldest.value);
  }
}

/** Hashed with the secret in it: who changes the password does not go on with the old one's token. */
function keyOf({ realm, service, scope, credential }: TokenRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([realm.href, service ?? null, scope, credential ?? null]))
    .digest('hex');
}
