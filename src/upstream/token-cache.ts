import { createHash } from 'node:crypto';
import type { Token, TokenRequest } from './token.ts';

const MAX_TOKENS = 1_000;
/** Of its life: when a token that is in use is replaced. */
const RENEW_AT = 0.8;
/** Of its life: used after this it is in use. One that was used for a single pull is let go. */
const USED_AFTER = 0.5;

interface Held extends Token {
  /** When it was asked for, epoch milliseconds. */
  readonly at: number;
}

interface Entry {
  readonly request: TokenRequest;
  held?: Held;
  /** The one fetch that is under way, for all who need it. */
  coming?: Promise<Token>;
  inUse: boolean;
  /** A renewal failed: not asked again before the token has ended. */
  tired: boolean;
  stop: () => void;
}

export interface TokenCacheOptions {
  readonly fetch: (request: TokenRequest) => Promise<Token>;
  /** Epoch milliseconds; may jump. */
  readonly clock: () => number;
  /** Runs `task` once after `ms`; the answer cancels it. The real timers when absent. */
  readonly schedule?: (task: () => void, ms: number) => () => void;
}

/**
 * One token per realm, service, scope and credential, shared by all requests: eight pulls of one image cost one token,
 * not eight. One that is in use is renewed before it ends, in the background: nobody waits for a token server while the
 * old one is valid, and an outage of it is not felt before that.
 *
 * A failure is shared by those who wait for it, and not kept.
 */
export class TokenCache {
  private readonly options: TokenCacheOptions;
  private readonly schedule: NonNullable<TokenCacheOptions['schedule']>;
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();

  constructor(options: TokenCacheOptions) {
    this.options = options;
    this.schedule = options.schedule ?? later;
  }

  /** @param refused a token the peer has just refused: not given out again */
  async get(request: TokenRequest, refused?: string): Promise<string> {
    const entry = this.entryOf(request);
    const { held } = entry;
    const age = held === undefined ? 0 : this.ageOf(held);
    if (held === undefined || held.value === refused || age >= held.lifeMs) return (await this.fetch(entry)).value;
    if (age >= held.lifeMs * USED_AFTER) entry.inUse = true;
    if (age >= held.lifeMs * RENEW_AT) this.renew(entry);
    return held.value;
  }

  /** Nothing is renewed any more. */
  close(): void {
    for (const entry of this.entries.values()) entry.stop();
    this.entries.clear();
  }

  /**
   * A clock that was set back leaves a token whose age nobody knows: it goes on, as if it were due, and whoever is told
   * that it has ended gets a new one.
   */
  private ageOf({ at, lifeMs }: Held): number {
    const age = this.options.clock() - at;
    return age < 0 ? lifeMs * RENEW_AT : age;
  }

  private renew(entry: Entry): void {
    if (entry.tired || entry.coming !== undefined) return;
    this.fetch(entry).catch(() => (entry.tired = true));
  }

  private fetch(entry: Entry): Promise<Token> {
    if (entry.coming !== undefined) return entry.coming;
    // From when it was asked for: a slow server's token is as old as its question.
    const at = this.options.clock();
    entry.stop();
    const coming = this.options.fetch(entry.request).finally(() => delete entry.coming);
    entry.coming = coming;
    coming.then((token) => this.hold(entry, { ...token, at })).catch(() => undefined);
    return coming;
  }

  private hold(entry: Entry, held: Held): void {
    Object.assign(entry, { held, inUse: false, tired: false });
    const renewIfUsed = (): void => {
      if (entry.inUse) this.renew(entry);
    };
    const known = this.entries.get(keyOf(entry.request)) === entry;
    if (known) entry.stop = this.schedule(renewIfUsed, held.lifeMs * RENEW_AT);
  }

  private entryOf(request: TokenRequest): Entry {
    const key = keyOf(request);
    const entry = this.entries.get(key) ?? { request, inUse: false, tired: false, stop: () => undefined };
    this.entries.delete(key);
    this.makeRoom();
    this.entries.set(key, entry);
    return entry;
  }

  private makeRoom(): void {
    const oldest = this.entries.entries().next();
    if (this.entries.size < MAX_TOKENS || oldest.done === true) return;
    const [key, entry] = oldest.value;
    entry.stop();
    this.entries.delete(key);
  }
}

/** Never keeps the process alive. */
function later(task: () => void, ms: number): () => void {
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Hashed with the secret in it: who changes the password does not go on with the old one's token. */
function keyOf({ realm, service, scope, credential }: TokenRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([realm.href, service ?? null, scope, credential ?? null]))
    .digest('hex');
}
