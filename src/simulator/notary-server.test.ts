import { afterEach, beforeEach, expect, test } from 'vitest';
import { NotaryRepository } from './notary-repository.ts';
import { NotaryServer } from './notary-server.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const DIGEST = `sha256:${'a'.repeat(64)}`;
let server: NotaryServer;
let base: URL;

beforeEach(async () => {
  server = new NotaryServer();
  base = await server.listen();
});
afterEach(() => server.close());

const path = (name: string): URL => new URL(`/v2/${GUN}/_trust/tuf/${name}.json`, base);

test('serves a collection by role, by version and by hash', async () => {
  const repository = new NotaryRepository(GUN, NOW)
    .delegate('targets/releases')
    .sign('1', DIGEST, 7, 'targets/releases');
  server.add(repository.publish());
  for (const name of ['timestamp', '1.root', 'targets/releases']) {
    const answer = await fetch(path(name));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toHaveProperty('signatures');
  }
  const stamped = (await (await fetch(path('timestamp'))).json()) as {
    signed: { meta: { snapshot: { hashes: { sha256: string } } } };
  };
  const hex = Buffer.from(stamped.signed.meta.snapshot.hashes.sha256, 'base64').toString('hex');
  expect((await fetch(path(`snapshot.${hex}`))).headers.get('cache-control')).toContain('2592000');
});

test('answers 404 as the real server does, and the ping', async () => {
  const answer = await fetch(path('timestamp'));
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ errors: [{ code: 'METADATA_NOT_FOUND' }] });
  expect((await fetch(new URL('/v2/', base))).status).toBe(200);
  expect(server.requests.map((request) => request.path)).toContain('/v2/');
});

test('asks for a token with the scope of the full GUN', async () => {
  const guarded = new NotaryServer({ auth: { user: { username: 'reader', password: 'secret' } } });
  const url = await guarded.listen();
  guarded.add(new NotaryRepository(GUN, NOW).publish());
  const file = new URL(`/v2/${GUN}/_trust/tuf/root.json`, url);
  const refused = await fetch(file);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toContain(`scope="repository:${GUN}:pull"`);
  const authorization = `Basic ${Buffer.from('reader:secret').toString('base64')}`;
  const token = (await (await fetch(new URL('/token?scope=x', url), { headers: { authorization } })).json()) as {
    token: string;
  };
  expect((await fetch(file, { headers: { authorization: `Bearer ${token.token}` } })).status).toBe(200);
  await guarded.close();
});

test('misbehaves as it is told', async () => {
  server.add(new NotaryRepository(GUN, NOW).publish());
  server.misbehaviours.set('timestamp', { kind: 'status', status: 500 });
  expect((await fetch(path('timestamp'))).status).toBe(500);
  server.misbehaviours.set('timestamp', { kind: 'redirect', location: 'http://127.0.0.1:9/' });
  expect((await fetch(path('timestamp'), { redirect: 'manual' })).status).toBe(302);
  server.misbehaviours.set('timestamp', { kind: 'cut' });
  await expect(fetch(path('timestamp')).then((answer) => answer.text())).rejects.toThrow();
  server.misbehaviours.set('timestamp', { kind: 'endless' });
  const abort = new AbortController();
  const endless = await fetch(path('timestamp'), { signal: abort.signal });
  const reader = endless.body?.getReader();
  let size = 0;
  while (size < 1 << 20) size += ((await reader?.read())?.value as Uint8Array).length;
  abort.abort();
});
