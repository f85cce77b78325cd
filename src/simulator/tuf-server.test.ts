import { afterEach, beforeEach, expect, test } from 'vitest';
import { TufRepository } from './tuf-repository.ts';
import { TufServer } from './tuf-server.ts';

const NOW = Date.UTC(2026, 10, 21);
const repository = new TufRepository(NOW).delegate('ghcr.io/org/a').publish();
let server: TufServer;
let base: URL;

beforeEach(async () => {
  server = new TufServer().serve('vendor', repository.files);
  base = await server.listen();
});
afterEach(() => server.close());

const read = (path: string, options: RequestInit = {}): Promise<Response> => fetch(new URL(path, base), options);

test('serves each repository in its folder, and says what was asked', async () => {
  server.serve('other/metadata', repository.files.copy().drop('timestamp.json'));
  const answer = await read('vendor/1.ghcr.io%2Forg%2Fa.json');
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(repository.at('ghcr.io/org/a'));
  expect((await read('other/metadata/1.root.json')).status).toBe(200);
  expect((await read('other/metadata/timestamp.json')).status).toBe(404);
  expect((await read('vendor/1.ghcr.io/org/a.json')).status).toBe(404);
  expect((await read('timestamp.json')).status).toBe(404);
  expect(server.requests.map(({ path }) => path)[0]).toBe('vendor/1.ghcr.io%2Forg%2Fa.json');
  expect(server.count('other/metadata/timestamp.json')).toBe(1);
});

test('serves what is published later, and nothing of a repository that is gone', async () => {
  repository.publish();
  expect(await (await read('vendor/timestamp.json')).text()).toBe(Buffer.from(repository.at('timestamp')).toString());
  server.remove('vendor');
  expect((await read('vendor/timestamp.json')).status).toBe(404);
});

test.each([403, 404, 500])('answers %d when told', async (status) => {
  server.misbehaviours.set('vendor/timestamp.json', { kind: 'status', status });
  expect((await read('vendor/timestamp.json')).status).toBe(status);
  expect((await read('vendor/1.root.json')).status).toBe(200);
});

test('cuts, drops, and serves other bytes with other headers', async () => {
  server.misbehaviours.set('*', { kind: 'cut' });
  await expect(read('vendor/timestamp.json').then((answer) => answer.text())).rejects.toThrow();
  server.misbehaviours.set('*', { kind: 'drop' });
  await expect(read('vendor/timestamp.json')).rejects.toThrow();
  server.misbehaviours.set('*', { kind: 'bytes', bytes: Buffer.from('x'), headers: { 'x-lie': 'yes' } });
  const lie = await read('vendor/timestamp.json');
  expect([await lie.text(), lie.headers.get('x-lie')]).toEqual(['x', 'yes']);
});

test('drips, and every byte arrives', async () => {
  server.misbehaviours.set('*', { kind: 'drip', everyMs: 0 });
  const dripped = await (await read('vendor/timestamp.json')).text();
  expect(dripped).toBe(Buffer.from(repository.at('timestamp')).toString());
});

test('hangs and stalls until the client leaves', async () => {
  const impatient = new AbortController();
  server.misbehaviours.set('*', { kind: 'stall' });
  const stalled = await read('vendor/timestamp.json', { signal: impatient.signal });
  const reader = stalled.body!.getReader();
  expect((await reader.read()).done).toBe(false);
  server.misbehaviours.set('*', { kind: 'hang' });
  const hanging = read('vendor/timestamp.json', { signal: impatient.signal });
  while (server.count('vendor/timestamp.json') < 2) await new Promise(setImmediate);
  impatient.abort();
  await expect(hanging).rejects.toThrow('aborted');
  await expect(reader.read()).rejects.toThrow('aborted');
});

test('sends without end', async () => {
  server.misbehaviours.set('*', { kind: 'endless' });
  const enough = new AbortController();
  const reader = (await read('vendor/timestamp.json', { signal: enough.signal })).body!.getReader();
  let size = 0;
  while (size < 1 << 20) size += ((await reader.read()).value as Uint8Array).length;
  enough.abort();
});
