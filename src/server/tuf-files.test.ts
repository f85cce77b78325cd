import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { request } from 'undici';
import { serveTufFile } from './tuf-files.ts';

/** As any web server would have them; asked over a bare socket, for no client folds the path first. */
let base: string;
let folder: string;
let server: Server;
let faults: unknown[];

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'tufgate-served-'));
  folder = join(base, 'approvals');
  mkdirSync(folder);
  writeFileSync(join(base, 'secret.json'), 'secret');
  writeFileSync(join(folder, 'timestamp.json'), 'timestamp');
  writeFileSync(join(folder, 'root.json'), 'root');
  writeFileSync(join(folder, '12.bulk-0f.json'), 'bin');
  faults = [];
  server = createServer((incoming, outgoing) => {
    const options = { folders: new Map([['approvals', folder]]), onFault: (error: unknown) => faults.push(error) };
    if (!serveTufFile(options, incoming, outgoing)) outgoing.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(base, { recursive: true });
});

const port = (): number => (server.address() as AddressInfo).port;

interface Told {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

async function ask(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Told> {
  const answer = await request(`http://127.0.0.1:${port()}${path}`, { method: method as 'GET', headers });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

/** The path goes out as it stands here. */
function raw(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const socket = connect(port(), '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    );
    socket
      .on('data', (bytes) => (all += bytes.toString('latin1')))
      .on('end', () => resolve(all))
      .on('error', reject);
  });
}

test('a file, whole, and what it is', async () => {
  expect(await ask('/tuf/approvals/12.bulk-0f.json')).toMatchObject({
    status: 200,
    body: 'bin',
    headers: {
      'content-type': 'application/json',
      'content-length': '3',
      'cache-control': 'public, max-age=86400, immutable',
    },
  });
  for (const [name, body] of [
    ['timestamp.json', 'timestamp'],
    ['root.json', 'root'],
  ] as const)
    expect(await ask(`/tuf/approvals/${name}?x=1`)).toMatchObject({
      status: 200,
      body,
      headers: { 'cache-control': 'no-cache' },
    });
  expect(faults).toEqual([]);
});

test('HEAD says the same and sends nothing', async () => {
  const { status, headers, body } = await ask('/tuf/approvals/timestamp.json', 'HEAD');
  expect([status, headers['content-length'], body]).toEqual([200, '9', '']);
  expect((await ask('/tuf/approvals/7.root.json', 'HEAD')).status).toBe(404);
});

test('what has not changed is not sent again', async () => {
  const { headers } = await ask('/tuf/approvals/timestamp.json');
  const again = { 'if-none-match': String(headers['etag']) };
  expect(await ask('/tuf/approvals/timestamp.json', 'GET', again)).toMatchObject({
    status: 304,
    body: '',
    headers: { etag: headers['etag'] },
  });
  expect((await ask('/tuf/approvals/root.json', 'GET', again)).status).toBe(200);
  writeFileSync(join(folder, 'next'), 'TIMESTAMP');
  renameSync(join(folder, 'next'), join(folder, 'timestamp.json'));
  utimesSync(join(folder, 'timestamp.json'), 1, 1);
  expect(await ask('/tuf/approvals/timestamp.json', 'GET', again)).toMatchObject({ status: 200, body: 'TIMESTAMP' });
});

test('an empty file is an empty answer', async () => {
  writeFileSync(join(folder, '1.root.json'), '');
  expect(await ask('/tuf/approvals/1.root.json')).toMatchObject({ status: 200, body: '' });
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s changes nothing', async (method) => {
  expect(await ask('/tuf/approvals/timestamp.json', method)).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  expect(existsSync(join(folder, 'timestamp.json'))).toBe(true);
});

test('other paths are somebody else’s', async () => {
  for (const path of ['/', '/v2/', '/tuf', '/tufx/approvals/root.json']) expect((await ask(path)).status).toBe(418);
});

describe('nothing but files of such a repository, and only of this one', () => {
  beforeEach(() => {
    for (const name of ['publish.lock', '.hidden.json', 'notes.json', '1.Root.json', '1.root.json.tmp', 'private.pem'])
      writeFileSync(join(folder, name), 'secret');
    mkdirSync(join(folder, '1.folder.json'));
    mkdirSync(join(base, '.approvals'));
    writeFileSync(join(base, '.approvals', 'root.json'), 'secret');
  });

  test.each([
    '/tuf/approvals/',
    '/tuf/approvals',
    '/tuf/',
    '/tuf/other/root.json',
    '/tuf/.approvals/root.json',
    '/tuf/../approvals/root.json',
    '/tuf/approvals/../secret.json',
    '/tuf/approvals/../../secret.json',
    '/tuf/approvals/%2e%2e/secret.json',
    '/tuf/approvals/%2e%2e%2fsecret.json',
    '/tuf/approvals/..%2fsecret.json',
    '/tuf/approvals/..\\secret.json',
    '/tuf/approvals/1.%2e%2e%2fsecret.json',
    '/tuf/approvals//secret.json',
    '/tuf/approvals//root.json',
    '/tuf//approvals/root.json',
    '/tuf/approvals/./root.json',
    '/tuf/approvals/root.json/',
    '/tuf/approvals/root.json%00',
    '/tuf/approvals/root%2ejson',
    '/tuf/approvals/publish.lock',
    '/tuf/approvals/.hidden.json',
    '/tuf/approvals/notes.json',
    '/tuf/approvals/1.Root.json',
    '/tuf/approvals/1.root.json.tmp',
    '/tuf/approvals/private.pem',
    '/tuf/approvals/0.root.json',
    '/tuf/approvals/01.root.json',
    '/tuf/approvals/1.folder.json',
    '/tuf/approvals/9.root.json',
    `/tuf/approvals/1.${'a'.repeat(90)}.json`,
  ])('%s', async (path) => {
    const answer = await raw(path);
    expect(answer.slice(0, 12)).toBe('HTTP/1.1 404');
    expect(answer).not.toContain('secret"');
    expect(answer.split('\r\n\r\n')[1]).toBe('{"message":"no such file"}\n');
    expect(faults).toEqual([]);
  });
});

describe('files that are large', () => {
  const bytes = randomBytes(24 << 20);
  const sum = createHash('sha256').update(bytes).digest('hex');

  test('come in pieces, whole', async () => {
    writeFileSync(join(folder, '3.bulk.json'), bytes);
    const answer = await request(`http://127.0.0.1:${port()}/tuf/approvals/3.bulk.json`);
    const hash = createHash('sha256');
    for await (const piece of answer.body) hash.update(piece as Buffer);
    expect(hash.digest('hex')).toBe(sum);
  });

  test('the folder is replaced meanwhile: whoever has begun reads on', async () => {
    const trees = join(base, '.trees');
    for (const name of ['1', '2']) mkdirSync(join(trees, name), { recursive: true });
    writeFileSync(join(trees, '1', '3.bulk.json'), bytes);
    rmSync(folder, { recursive: true });
    symlinkSync('.trees/1', folder);
    const answer = await request(`http://127.0.0.1:${port()}/tuf/approvals/3.bulk.json`);
    const hash = createHash('sha256');
    let first = true;
    for await (const piece of answer.body) {
      hash.update(piece as Buffer);
      if (!first) continue;
      first = false;
      symlinkSync('.trees/2', join(trees, 'next'));
      renameSync(join(trees, 'next'), folder);
      rmSync(join(trees, '1'), { recursive: true });
    }
    expect(hash.digest('hex')).toBe(sum);
    expect((await ask('/tuf/approvals/3.bulk.json')).status).toBe(404);
  });

  test('who goes away in the middle is no fault, and no file stays open', async () => {
    writeFileSync(join(folder, '3.bulk.json'), bytes);
    await ask('/tuf/approvals/timestamp.json');
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let again = 0; again < 5; again++) {
      const answer = await request(`http://127.0.0.1:${port()}/tuf/approvals/3.bulk.json`);
      answer.body.on('error', () => undefined).destroy();
    }
    for (let tries = 200; open() > before + 4 && tries > 0; tries--)
      await new Promise((resolve) => setImmediate(resolve));
    expect(open()).toBeLessThanOrEqual(before + 4);
    expect(faults).toEqual([]);
  });
});

test('hundreds of requests at once on one connection, unread, hold one file open, and none when it is gone', async () => {
  writeFileSync(join(folder, '3.bulk.json'), randomBytes(24 << 20));
  await ask('/tuf/approvals/timestamp.json');
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  const few = 'GET /tuf/approvals/3.bulk.json HTTP/1.1\r\nhost: x\r\n\r\n';
  const ticks = async (most: number, until: () => boolean): Promise<void> => {
    for (let left = most; left > 0 && !until(); left--) await new Promise((resolve) => setImmediate(resolve));
  };
  const sockets = [20, 400].map((count) => {
    const socket = connect(port(), '127.0.0.1', () => socket.write(few.repeat(count)));
    return socket.on('error', () => undefined).pause();
  });
  await ticks(500, () => open() > before + 12);
  expect(open()).toBeLessThanOrEqual(before + 12);
  for (const socket of sockets) socket.destroy();
  await ticks(500, () => open() <= before + 4);
  expect(open()).toBeLessThanOrEqual(before + 4);
  expect(faults).toEqual([]);
});

test('the same file in the next tree is the same to who has it: a hard link', async () => {
  const { headers } = await ask('/tuf/approvals/12.bulk-0f.json');
  mkdirSync(join(base, 'next'));
  linkSync(join(folder, '12.bulk-0f.json'), join(base, 'next', '12.bulk-0f.json'));
  rmSync(folder, { recursive: true });
  renameSync(join(base, 'next'), folder);
  expect(
    (await ask('/tuf/approvals/12.bulk-0f.json', 'GET', { 'if-none-match': String(headers['etag']) })).status,
  ).toBe(304);
});

test('a file that cannot be read is a fault, and still an answer', async () => {
  rmSync(join(folder, 'timestamp.json'));
  symlinkSync('timestamp.json', join(folder, 'timestamp.json'));
  expect(await ask('/tuf/approvals/timestamp.json')).toMatchObject({ status: 500, body: '{"message":"internal"}\n' });
  expect(faults).toMatchObject([{ code: 'ELOOP' }]);
});

test('a folder that is not there has no files', async () => {
  rmSync(folder, { recursive: true });
  expect((await ask('/tuf/approvals/timestamp.json')).status).toBe(404);
  expect(faults).toEqual([]);
});
