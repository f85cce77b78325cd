import { beforeEach, describe, expect, it } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Token, TokenRequest } from './token.ts';
import { TokenCache } from './token-cache.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const LIFE = 300_000;
const REALM = new URL('https://auth.example/token');

const settle = (): Promise<void> => new Promise(setImmediate);
const scoped = (name: string): TokenRequest => ({ realm: REALM, scope: `repository:${name}:pull` });

/** A token server that answers when it is told to. */
class Server {
  readonly asked: { readonly scope: string; readonly answer: (token: Token) => void; readonly refuse: () => void }[] =
    [];

  readonly fetch = ({ scope }: TokenRequest): Promise<Token> =>
    new Promise((answer, reject) => {
      const refuse = (): void => reject(new TufgateError('upstream.unreachable', 'token server down'));
      this.asked.push({ scope, answer, refuse });
    });

  async give(value: string, lifeMs = LIFE): Promise<void> {
    this.asked.at(-1)!.answer({ value, lifeMs });
    await settle();
  }

  async fail(): Promise<void> {
    this.asked.at(-1)!.refuse();
    await settle();
  }
}

let now: number;
let server: Server;
let timers: Map<() => void, number>;
let cache: TokenCache;

beforeEach(() => {
  now = NOON;
  server = new Server();
  timers = new Map();
  const schedule = (task: () => void, ms: number): (() => void) => {
    timers.set(task, now + ms);
    return () => void timers.delete(task);
  };
  cache = new TokenCache({ fetch: server.fetch, clock: () => now, schedule });
});

/** Lets time pass, with the timers that fall into it. */
async function pass(ms: number): Promise<void> {
  now += ms;
  for (const [task, at] of [...timers]) {
    if (at > now) continue;
    timers.delete(task);
    task();
  }
  await settle();
}

async function first(name = 'a'): Promise<void> {
  const got = cache.get(scoped(name));
  await server.give('one');
  expect(await got).toBe('one');
}

describe('a token', () => {
  it('is fetched once for all who need it, and shared until it ends', async () => {
    const all = Promise.all(Array.from({ length: 8 }, () => cache.get(scoped('a'))));
    await server.give('one');
    expect(new Set(await all)).toEqual(new Set(['one']));
    await pass(LIFE / 3);
    expect(await cache.get(scoped('a'))).toBe('one');
    expect(server.asked).toHaveLength(1);
  });

  it('is one of its realm, service, scope and credential', async () => {
    const base = { realm: REALM, scope: 's' };
    const requests: TokenRequest[] = [
      base,
      { ...base, realm: new URL('https://auth.example/other') },
      { ...base, service: 'x' },
      { ...base, scope: 't' },
      { ...base, credential: { kind: 'basic', username: 'u', password: 'p' } },
      { ...base, credential: { kind: 'basic', username: 'u', password: 'q' } },
    ];
    for (const request of requests) {
      const got = cache.get(request);
      await server.give('one');
      await got;
    }
    expect(server.asked).toHaveLength(requests.length);
  });

  it('in use is renewed in the background at 80 % of its life, and nobody waits', async () => {
    await first();
    await pass(LIFE * 0.6);
    await cache.get(scoped('a'));
    await pass(LIFE * 0.2 - 1);
    expect(server.asked).toHaveLength(1);
    await pass(1);
    expect(server.asked).toHaveLength(2);
    expect(await cache.get(scoped('a'))).toBe('one');
    await server.give('two');
    expect(await cache.get(scoped('a'))).toBe('two');
    expect(server.asked).toHaveLength(2);
  });

  it('that nobody used for half its life is let go; used late, it is renewed while it serves', async () => {
    await first();
    await cache.get(scoped('a'));
    await pass(LIFE * 0.8);
    expect(server.asked).toHaveLength(1);
    await pass(LIFE * 0.1);
    expect(await cache.get(scoped('a'))).toBe('one');
    expect(server.asked).toHaveLength(2);
    await server.give('two');
    expect(await cache.get(scoped('a'))).toBe('two');
  });

  it('that has ended is waited for, by all for the same one', async () => {
    await first();
    await pass(LIFE);
    const all = Promise.all([cache.get(scoped('a')), cache.get(scoped('a'))]);
    await server.give('two');
    expect(await all).toEqual(['two', 'two']);
    expect(server.asked).toHaveLength(2);
  });

  it('goes on to its end while its renewal fails, which is tried once; then the failure is told, and not kept', async () => {
    await first();
    await pass(LIFE * 0.9);
    await cache.get(scoped('a'));
    await server.fail();
    expect(await cache.get(scoped('a'))).toBe('one');
    expect(server.asked).toHaveLength(2);
    await pass(LIFE * 0.1);
    const waiting = Promise.allSettled([cache.get(scoped('a')), cache.get(scoped('a'))]);
    await server.fail();
    expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(server.asked).toHaveLength(3);
    const again = cache.get(scoped('a'));
    await server.give('two');
    expect(await again).toBe('two');
  });

  it('that was refused is never given out again, by whoever asks for its successor', async () => {
    await first();
    const both = Promise.all([cache.get(scoped('a'), 'one'), cache.get(scoped('a'), 'one')]);
    await server.give('two');
    expect(await both).toEqual(['two', 'two']);
    expect(await cache.get(scoped('a'), 'one')).toBe('two');
    expect(server.asked).toHaveLength(2);
  });

  it('is as old as its question: a server that takes a minute does not make it last longer', async () => {
    const got = cache.get(scoped('a'));
    now += LIFE * 0.5;
    await server.give('one');
    await got;
    now += LIFE * 0.5;
    void cache.get(scoped('a'));
    expect(server.asked).toHaveLength(2);
  });

  it('under a clock that is set back serves on and is renewed; under one that jumps ahead it has ended', async () => {
    await first();
    now -= 365 * 86_400_000;
    expect(await cache.get(scoped('a'))).toBe('one');
    expect(server.asked).toHaveLength(2);
    await server.give('two');
    expect(await cache.get(scoped('a'))).toBe('two');
    now += 365 * 86_400_000;
    const got = cache.get(scoped('a'));
    await server.give('three');
    expect(await got).toBe('three');
  });

  it('is one of a thousand at most: the least recently used goes, and its timer too', async () => {
    for (let n = 0; n < 1_000; n += 1) await first(`r${n}`);
    await cache.get(scoped('r0'));
    await first('one-more');
    expect(timers.size).toBe(1_000);
    await cache.get(scoped('r0'));
    expect(server.asked).toHaveLength(1_001);
    void cache.get(scoped('r1'));
    expect(server.asked).toHaveLength(1_002);
  });

  it('is not renewed once all is closed, not even one that was on its way', async () => {
    await first('a');
    void cache.get(scoped('b'));
    cache.close();
    await server.give('late');
    expect(timers.size).toBe(0);
  });
});
