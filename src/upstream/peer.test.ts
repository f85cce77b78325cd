import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeerConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { RegistrySimulator, type RegistryOptions } from '../simulator/registry.ts';
import { redirectTo, RESET, status } from '../simulator/registry-lies.ts';
import { TokenCache } from './token-cache.ts';
import { createPeer, type Peer, type PeerAnswer, type PeerOptions } from './peer.ts';

const NOW = Date.UTC(2026, 10, 21);
const REPO = 'acme/hello';
const PATH = `/v2/${REPO}/manifests/1.0`;
const LOGIN = { kind: 'password-env', username: 'reader', variable: 'PW' } as const;
const USERS = new Map([['reader', 'hunter2']]);
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((end) => end()));
});

async function registry(options: RegistryOptions = {}): Promise<RegistrySimulator> {
  const started = await RegistrySimulator.start(options);
  started.addImage({ repository: REPO, tag: '1.0', layers: [] });
  cleanup.push(() => started.close());
  return started;
}

function peer(url: URL, config: PeerConfig = {}, options: Partial<PeerOptions> = {}): Peer {
  const env = { PW: 'hunter2' };
  const made = createPeer({ name: 'sim', url, config, connections: 2, clock: () => NOW, env, ...options });
  cleanup.push(() => made.close());
  return made;
}

function ask(from: Peer, path = PATH, repository = REPO): Promise<PeerAnswer> {
  const scope = `repository:${repository}:pull`;
  return from.get(path, { scope, maxBytes: 4096, deadlineMs: 5_000, followRedirects: true });
}

async function failureOf(work: Promise<unknown>): Promise<TufgateError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TufgateError)) throw new Error(`a TufgateError was expected, not ${String(error)}`);
  return error;
}

/** Whether anything secret was ever shown to one of the origins. */
function shown(requests: RegistrySimulator['seen']): string {
  return JSON.stringify(requests.map(({ headers, url }) => [headers.authorization, headers.cookie, url]));
}

describe('a token', () => {
  it('is fetched once for two concurrent requests, and sent along from then on', async () => {
    const sim = await registry({ token: { users: USERS } });
    const client = peer(sim.url, { credentials: LOGIN });
    const answers = await Promise.all([ask(client), ask(client)]);
    expect(answers.map(({ status: code }) => code)).toEqual([200, 200]);
    expect(sim.count('/token')).toBe(1);
    sim.seen.length = 0;
    await ask(client);
    expect(sim.seen.map(({ url }) => url)).toEqual([PATH]);
  });

  it('is asked for by service, scope for pulling, and account', async () => {
    const sim = await registry({ token: { users: USERS, scope: `repository:${REPO}:pull,push` } });
    await ask(peer(sim.url, { credentials: LOGIN }));
    const asked = sim.seen.find(({ url }) => url.startsWith('/token'));
    const query = new URL(asked?.url ?? '', sim.url).searchParams;
    expect([...query]).toEqual([
      ['service', 'simulator'],
      ['scope', `repository:${REPO}:pull`],
      ['account', 'reader'],
    ]);
  });

  it('is renewed from 80 % of its life on, while the old one is sent; a life under a minute counts as one', async () => {
    for (const [expiresIn, lifeS] of [
      [300, 300],
      [5, 60],
      [undefined, 60],
    ] as const) {
      const sim = await registry({ token: { ...(expiresIn !== undefined && { expiresIn }) } });
      const clock = { now: NOW };
      const client = peer(sim.url, {}, { clock: () => clock.now });
      await ask(client);
      clock.now += lifeS * 800 - 1;
      await ask(client);
      expect(sim.count('/token')).toBe(1);
      clock.now += 1;
      const first = sim.seen.at(-1)?.headers.authorization;
      await ask(client);
      expect(sim.seen.findLast(({ url }) => url === PATH)?.headers.authorization).toBe(first);
      await vi.waitFor(() => expect(sim.count('/token')).toBe(2));
    }
  });

  it('that has ended is waited for', async () => {
    const sim = await registry({ token: { expiresIn: 300 } });
    const clock = { now: NOW };
    const client = peer(sim.url, {}, { clock: () => clock.now });
    await ask(client);
    clock.now += 300_000;
    sim.seen.length = 0;
    await ask(client);
    expect(sim.seen.map(({ url }) => url.split('?')[0])).toEqual(['/token', PATH]);
  });

  it('that is refused is replaced, once a request', async () => {
    const sim = await registry({ token: {} });
    const client = peer(sim.url);
    await ask(client);
    sim.revokeTokens();
    expect((await ask(client)).status).toBe(200);
    expect(sim.count('/token')).toBe(2);
  });

  it('refused by its server is unauthorized, names no secret, and is asked for again next time', async () => {
    const sim = await registry({ token: { users: new Map([['reader', 'other']]) } });
    const client = peer(sim.url, { credentials: LOGIN });
    const error = await failureOf(ask(client));
    expect(error.code).toBe('upstream.unauthorized');
    expect(error.message).toContain(`repository:${REPO}:pull`);
    expect(error.message).not.toContain('hunter2');
    await failureOf(ask(client));
    expect(sim.count('/token')).toBe(2);
  });

  it.each([
    [500, 'upstream.unreachable'],
    [403, 'upstream.unauthorized'],
    [429, 'upstream.rate-limited'],
    [307, 'upstream.protocol'],
  ])('whose server says %i is %s; its redirects are not followed', async (code, reason) => {
    const thief = await registry();
    const sim = await registry();
    const challenge = `Bearer realm="${new URL('/t', sim.url).href}"`;
    sim.lie(PATH, status(401, { 'www-authenticate': challenge }));
    sim.lie('/t', status(code, { location: thief.url.href, 'retry-after': '7' }));
    const error = await failureOf(ask(peer(sim.url, { credentials: LOGIN })));
    expect(error.code).toBe(reason);
    if (code === 429) expect(error.detail['retryAfter']).toBe(7);
    expect(thief.seen).toEqual([]);
  });

  it.each([
    ['a registry', true, 1],
    ['a trust server, whose silence is ruled by freshness,', false, 3],
  ])('server that limits us is left alone by the client of %s: %s', async (_, obeyTokenServer, questions) => {
    const sim = await registry();
    const clock = { now: NOW };
    const client = peer(sim.url, {}, { clock: () => clock.now, obeyTokenServer });
    const challenge = { 'www-authenticate': `Bearer realm="${new URL('/t', sim.url).href}"` };
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(request.headers.authorization === undefined ? 401 : 200, challenge).end();
    sim.lie(PATH, { kind: 'answer', answer });
    sim.lie('/t', status(200, {}, '{"token":"abc","expires_in":300}'), 1);
    expect((await ask(client)).status).toBe(200);
    sim.lie('/t', status(429, { 'retry-after': '50' }), 3);
    sim.seen.length = 0;
    for (const repository of ['acme/a', 'acme/b', 'acme/a'])
      expect(await failureOf(ask(client, PATH, repository))).toMatchObject({
        code: 'upstream.rate-limited',
        detail: { retryAfter: 50 },
      });
    expect(sim.count('/t')).toBe(questions);
    expect((await ask(client)).status).toBe(200);
    clock.now += 50_000;
    sim.lie('/t', status(200, {}, '{"token":"abc"}'));
    expect((await ask(client, PATH, 'acme/a')).status).toBe(200);
  });

  it('without sense is refused: no JSON, no token, one that would split a header, an endless answer', async () => {
    const sim = await registry();
    sim.lie(PATH, status(401, { 'www-authenticate': `Bearer realm="${new URL('/t', sim.url).href}"` }));
    for (const text of ['no', '[]', '{"token":""}', '{"token":"a\\r\\nb"}', '{"token":1}', ' '.repeat(300_000)]) {
      sim.lie('/t', status(200, {}, text));
      expect((await failureOf(ask(peer(sim.url)))).code).toBe('upstream.protocol');
    }
  });

  it('for an identity token comes by POST, by GET where there is no POST', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tufgate-peer-'));
    cleanup.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'config.json');
    const login = async (sim: RegistrySimulator): Promise<PeerAnswer> => {
      const auth = Buffer.from('acr:').toString('base64');
      await writeFile(file, JSON.stringify({ auths: { [sim.url.host]: { auth, identitytoken: 'refresh' } } }));
      return ask(peer(sim.url, { credentials: { kind: 'docker-config', file } }));
    };
    const modern = await registry({ token: { users: new Map(), identityTokens: ['refresh'] } });
    expect((await login(modern)).status).toBe(200);
    expect(modern.count('/token', 'GET')).toBe(0);
    const old = await registry({ token: { users: new Map([['acr', 'refresh']]) } });
    expect((await login(old)).status).toBe(200);
    expect(old.count('/token', 'POST')).toBe(1);
    expect(shown(old.seen)).not.toContain('"refresh');
  });

  it('challenge that is missing is learnt from /v2/', async () => {
    const sim = await registry({ token: {} });
    const client = peer(sim.url);
    const bare = status(401);
    const hidden = await registry();
    hidden.lie(PATH, bare, 1);
    hidden.lie('/v2/', status(401, { 'www-authenticate': `Bearer realm="${new URL('/t', hidden.url).href}"` }));
    hidden.lie('/t', status(200, {}, '{"access_token":"abc"}'));
    expect((await ask(peer(hidden.url))).status).toBe(200);
    expect(hidden.seen.at(-1)?.headers.authorization).toBe('Bearer abc');
    expect((await ask(client)).status).toBe(200);
  });
});

describe('a password', () => {
  it('is never shown to a realm of another domain, nor is anything asked there', async () => {
    const thief = await registry();
    const realm = `http://localhost:${thief.url.port}/token`;
    const sim = await registry({ token: { realm } });
    const error = await failureOf(ask(peer(sim.url, { credentials: LOGIN })));
    expect(error.code).toBe('upstream.unauthorized');
    expect(error.message).toContain('another domain');
    expect(thief.seen).toEqual([]);
    expect(shown(sim.seen)).not.toContain('Basic');
  });

  it('goes to Basic registries, and a newer one once when the old one is refused, be it by ECR with a 403', async () => {
    let password = 'hunter2';
    const sim = await registry({ basic: () => ({ username: 'reader', password }) });
    const env = { PW: 'hunter2' };
    const client = peer(sim.url, { credentials: LOGIN }, { env });
    expect((await ask(client)).status).toBe(200);
    [env.PW, password] = ['second', 'third'];
    expect((await ask(client)).status).toBe(401);
    env.PW = 'third';
    expect((await ask(client)).status).toBe(200);
    sim.lie(PATH, status(403), 1);
    sim.seen.length = 0;
    expect((await ask(client)).status).toBe(403);
    expect(sim.seen).toHaveLength(1);
  });

  it('that ended is looked up again when ECR says 403', async () => {
    const sim = await registry({ basic: () => ({ username: 'reader', password: 'hunter2' }) });
    let reads = 0;
    const env = {
      get PW(): string {
        return ++reads === 3 ? 'ended' : 'hunter2';
      },
    };
    const client = peer(sim.url, { credentials: LOGIN }, { env });
    await ask(client);
    const expired = `Basic ${Buffer.from('reader:ended').toString('base64')}`;
    const front = createServer((request, response) => {
      const ended = request.headers.authorization === expired;
      const headers = request.headers.authorization === undefined ? { 'www-authenticate': 'Basic' } : {};
      response.writeHead(ended ? 403 : headers['www-authenticate'] === undefined ? 200 : 401, headers).end();
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise((resolve) => front.close(resolve)));
    reads = 1;
    const ecr = peer(
      new URL(`http://127.0.0.1:${String((front.address() as AddressInfo).port)}`),
      { credentials: LOGIN },
      { env },
    );
    expect((await ask(ecr)).status).toBe(200);
    expect((await ask(ecr)).status).toBe(200);
    expect(reads).toBe(4);
  });
});

describe('a redirect', () => {
  it('keeps the token on the same origin, and takes nothing along to another, not even back home', async () => {
    const sim = await registry({ token: {}, redirectBlobs: true });
    const digest = sim.addBlob(REPO, Buffer.from('blob'));
    sim.lie('/v2/moved', redirectTo(`/v2/${REPO}/blobs/${digest}`));
    const answer = await ask(peer(sim.url), '/v2/moved');
    expect(Buffer.concat(answer.pieces).toString()).toBe('blob');
    expect(answer.foreign).toBe(true);
    expect(sim.count(`/v2/${REPO}/blobs/${digest}`)).toBe(2);
    const storage = sim.seen.filter((seen) => seen.storage);
    expect(storage).toHaveLength(1);
    expect(shown(storage)).not.toContain('Bearer');
    sim.seen.length = 0;
    const back = new URL(PATH, sim.url).href;
    sim.lie(`/v2/${REPO}/blobs/${digest}`, redirectTo(back));
    const home = await ask(peer(sim.url), `/v2/${REPO}/blobs/${digest}`);
    expect(home.status).toBe(200);
    const foreign = await registry();
    foreign.lie('/x', redirectTo(back));
    sim.lie('/v2/out', redirectTo(new URL('/x', foreign.url).href));
    expect((await ask(peer(sim.url), '/v2/out')).status).toBe(401);
    expect(shown(foreign.seen)).not.toContain('Bearer');
    expect(sim.seen.at(-1)?.headers.authorization).toBeUndefined();
  });

  it('to one who fishes for credentials with a challenge gets none', async () => {
    const thief = await registry();
    thief.lie('/x', status(401, { 'www-authenticate': `Bearer realm="${new URL('/t', thief.url).href}"` }));
    thief.lie('/y', status(401, { 'www-authenticate': 'Basic realm="thief"' }));
    const sim = await registry({ basic: () => ({ username: 'reader', password: 'hunter2' }) });
    for (const trap of ['/x', '/y']) {
      sim.lie('/v2/out', redirectTo(new URL(trap, thief.url).href));
      expect((await ask(peer(sim.url, { credentials: LOGIN }), '/v2/out')).status).toBe(401);
    }
    expect(thief.seen.map(({ url }) => url)).toEqual(['/x', '/y']);
    expect(shown(thief.seen)).not.toMatch(/Basic|Bearer/);
  });

  it('is an answer like others unless it is to be followed', async () => {
    const sim = await registry();
    sim.lie(PATH, redirectTo('/elsewhere'));
    const answer = await peer(sim.url).get(PATH, { scope: 's', maxBytes: 10, deadlineMs: 1_000 });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, '/elsewhere']);
    expect(sim.seen).toHaveLength(1);
  });

  it('is followed ten times, for all five statuses', async () => {
    const sim = await registry();
    const codes = [301, 302, 303, 307, 308];
    codes.forEach((code, hop) =>
      sim.lie(`/hop${String(hop)}`, redirectTo(hop === 4 ? PATH : `/hop${String(hop + 1)}`, code)),
    );
    expect((await ask(peer(sim.url), '/hop0')).status).toBe(200);
    sim.lie('/loop', redirectTo('/loop?X-Signature=secret'));
    const error = await failureOf(ask(peer(sim.url), '/loop'));
    expect(error.code).toBe('upstream.protocol');
    expect(error.message).not.toContain('secret');
    expect(sim.count('/loop')).toBe(11);
  });

  it('into a forbidden network is refused, by address and by a name that resolves to one', async () => {
    const sim = await registry();
    const lookup: LookupFunction = (_, options, callback) => {
      const address = '169.254.169.254';
      if (options.all === true) callback(null, [{ address, family: 4 }]);
      else callback(null, address, 4);
    };
    for (const host of ['169.254.169.254', '[::ffff:169.254.169.254]', 'metadata.example']) {
      sim.lie(PATH, redirectTo(`http://${host}/latest?X-Signature=secret`));
      const error = await failureOf(ask(peer(sim.url, {}, { lookup })));
      expect(error.code).toBe('upstream.protocol');
      expect(error.message).toContain('private network');
      expect(error.message).not.toContain('secret');
    }
  });

  it('whose host fails tells the host, not the signed query', async () => {
    const sim = await registry({ redirectBlobs: true });
    const digest = sim.addBlob(REPO, Buffer.from('blob'));
    sim.lie('/v2/out', redirectTo('http://127.0.0.1:1/blob?X-Signature=secret'));
    const error = await failureOf(ask(peer(sim.url), '/v2/out'));
    expect(error.message).toContain('127.0.0.1:1/blob');
    expect(error.message + JSON.stringify(error.detail)).not.toContain('secret');
    expect(digest).toContain('sha256:');
  });
});

describe('connections', () => {
  const open = (from: Peer, path: string, options: { deadlineMs?: number; signal?: AbortSignal } = {}) =>
    from.open(path, { scope: 's', deadlineMs: 5_000, followRedirects: true, ...options });

  it.each([false, true])('are left to manifests while blobs run, to wherever they are redirected: %s', async (away) => {
    const sim = await registry({ redirectBlobs: away });
    const digest = sim.addBlob(REPO, Buffer.alloc(100_000));
    const blobPath = `/v2/${REPO}/blobs/${digest}`;
    sim.lie(blobPath, { kind: 'stall', bytes: 1 });
    const client = peer(sim.url, {}, { connections: 8 });
    const running = await Promise.all(Array.from({ length: 7 }, () => open(client, blobPath)));
    const waiting = open(client, blobPath);
    for (let i = 0; i < 20; i += 1) expect((await ask(client)).status).toBe(200);
    expect(sim.seen.filter(({ storage, url }) => storage === away && url.startsWith(blobPath))).toHaveLength(7);
    running[0]!.body.destroy();
    const eighth = await waiting;
    for (const { body } of [...running, eighth]) body.destroy();
  });

  it('of which none is free for a blob are waited for, no longer than the deadline, and that is no failure of the peer', async () => {
    const sim = await registry();
    const path = `/v2/${REPO}/blobs/${sim.addBlob(REPO, Buffer.alloc(100_000))}`;
    sim.lie(path, { kind: 'stall', bytes: 1 });
    const client = peer(sim.url, {}, { connections: 1 });
    const running = await open(client, path);
    const late = await failureOf(open(client, path, { deadlineMs: 30 }));
    expect(late).toMatchObject({ code: 'upstream.unreachable', detail: { busy: true } });
    expect(late.message).toContain('limits.upstream_connections');
    const reason = new Error('client left');
    await expect(open(client, path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    running.body.destroy();
    sim.repent();
    for (let i = 0; i < 3; i += 1) {
      const { body } = await open(client, path);
      while ((await body.read(Buffer.alloc(65_536))) > 0);
      await body.over;
    }
    expect(sim.count(path)).toBe(4);
  });

  it('are given back by an answer that never came to a body', async () => {
    const sim = await registry();
    sim.lie('/v2/reset', RESET);
    const client = peer(sim.url, {}, { connections: 1 });
    for (let i = 0; i < 3; i += 1) expect((await failureOf(open(client, '/v2/reset'))).detail['busy']).toBeUndefined();
  });

  it('live on for the next request, and are never more than allowed', async () => {
    const seen = new Set<unknown>();
    const front = createServer((request, response) => {
      seen.add(request.socket);
      response.end('yes');
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise((resolve) => front.close(resolve)));
    const url = new URL(`http://127.0.0.1:${String((front.address() as AddressInfo).port)}`);
    const client = peer(url, {}, { connections: 4 });
    for (let i = 0; i < 40; i += 1) await ask(client);
    // A connection may not be free again by the very next turn of the event loop.
    expect(seen.size).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 40 }, () => ask(client)));
    expect(seen.size).toBe(4);
  });
});

describe('a peer', () => {
  it('that is closed renews nothing any more', async () => {
    const close = vi.spyOn(TokenCache.prototype, 'close');
    await peer((await registry()).url).close();
    expect(close).toHaveBeenCalledOnce();
    close.mockRestore();
  });

  it('may live below a path, and is not asked for anything outside', async () => {
    const sim = await registry();
    sim.lie('/art/v2/x', status(200, {}, 'yes'));
    const client = peer(new URL('/art/', sim.url));
    expect(Buffer.concat((await ask(client, '/v2/x')).pieces).toString()).toBe('yes');
    for (const path of ['/../x', '/a/%2e%2e/b', 'x', '//evil.example/x', '/a b'])
      if (path !== '//evil.example/x') expect((await failureOf(ask(client, path))).code).toBe('internal');
    await ask(client, '//evil.example/x');
    expect(sim.seen.at(-1)?.url).toBe('/art//evil.example/x');
  });

  it('behind an egress proxy is reached through it', async () => {
    const sim = await registry();
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const onward = connect(Number(sim.url.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise((resolve) => proxy.close(resolve)));
    const url = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
    expect((await ask(peer(sim.url, { proxy: url }))).status).toBe(200);
    expect(tunnels).toEqual([sim.url.host]);
  });

  it('with a certificate file that cannot be read is a configuration error', async () => {
    const sim = await registry();
    for (const member of ['ca', 'clientCert', 'clientKey'])
      expect(() => peer(sim.url, { [member]: '/nowhere.pem' })).toThrow('/nowhere.pem');
  });
});
