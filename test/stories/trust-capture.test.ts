import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { type ArchivedCollection, readArchive } from '../../src/lifeboat/read-archive.ts';
import { lockDataFolder } from '../../src/state/sqlite/lock.ts';
import { START } from './gate-world.ts';
import { shell } from './shell.ts';

/** `trust capture` as an operator types it, against a Notary server over HTTP. */
const { command, configure, document, folder, piped, said } = shell();
const DIGEST = `sha256:${'ab'.repeat(32)}`;
const NGINX = 'docker.io/library/nginx';
const APP = 'registry.corp.example/team/app';

let server: NotaryServer;
let url: string;
let nginx: NotaryRepository;
beforeEach(async () => {
  server = new NotaryServer();
  url = (await server.listen()).href;
  nginx = collection(NGINX);
  server.add(nginx).add(collection(APP));
});
afterEach(() => server.close());

function collection(gun: string): NotaryRepository {
  return new NotaryRepository(gun, START).sign('1.0', DIGEST, 7).publish();
}

const to = (): string => join(folder(), 'archive');
const capture = (...argv: string[]): Promise<number> =>
  command('trust', 'capture', '--to', to(), '--pause', '0', ...argv);
const fromServer = (...argv: string[]): Promise<number> => capture('--url', url, ...argv);

async function read(allowFirstUse = true): Promise<readonly ArchivedCollection[]> {
  const all: ArchivedCollection[] = [];
  for await (const each of readArchive(to(), { now: START + 60 * 86_400_000, allowFirstUse })) all.push(each);
  return all.sort((a, b) => (a.gun < b.gun ? -1 : 1));
}

test('names of images, a list with comments, and each collection once; without any configuration', async () => {
  const list = join(folder(), 'list.txt');
  await writeFile(list, `# what we run\nnginx:1.27\n${APP}   # ours\n\ndocker.io/library/nginx@${DIGEST}\n`);
  expect(await fromServer('nginx', '--from-list', list)).toBe(0);
  expect(said.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^captured {4}docker\.io\/library\/nginx {2}1 tag, first use, root keys [0-9a-f]{64}$/),
    expect.stringMatching(/^captured {4}registry\.corp\.example\/team\/app {2}1 tag, first use/),
  ]);
  expect(said.stderr).toContain('2 captured, 2 on first use');
  expect(said.stderr).toMatch(/sha256 of its index\.jsonl: [0-9a-f]{64}/);
  await server.close();
  server = new NotaryServer();
  await server.listen();
  expect(await read()).toMatchObject([
    { ok: true, gun: NGINX, tags: new Map([['1.0', { digest: DIGEST }]]) },
    { ok: true, gun: APP },
  ]);
});

test('a list on stdin, and one document', async () => {
  piped('nginx\nnot an image!\nnowhere/app\n');
  expect(await fromServer('--from-list', '-', '--json')).toBe(4);
  expect(document()).toMatchObject({
    archive: to(),
    index: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    stopped: null,
    collections: [
      {
        gun: NGINX,
        outcome: 'captured',
        state: 'verified',
        tags: 1,
        anchor: { kind: 'first-use', rootKeys: [nginx.of('root').keys[0]!.keyId] },
        rootsFrom: 1,
        missing: [],
        unverified: [],
      },
      { text: 'not an image!', outcome: 'unreadable', code: 'request.name' },
      { gun: 'docker.io/nowhere/app', outcome: 'not-found' },
    ],
  });
});

test('what is there is not asked for again, unless it is said so', async () => {
  expect(await fromServer('nginx')).toBe(0);
  const asked = server.requests.length;
  expect(await fromServer('nginx')).toBe(0);
  expect(said.stdout).toMatch(/^present {5}docker\.io\/library\/nginx {2}captured 2026-11-21T12:00:0\dZ, first use/);
  expect(server.requests).toHaveLength(asked);
  nginx.sign('2.0', DIGEST, 8).publish();
  expect(await fromServer('nginx', '--again', '--json')).toBe(0);
  expect(document()).toMatchObject({
    collections: [{ outcome: 'captured', tags: 2, folder: expect.stringMatching(/\.2$/) as unknown }],
  });
  expect(await read()).toHaveLength(1);
});

test('a server that is down ends it with 5, and another run goes on where it ended', async () => {
  server.misbehaviours.set('*', { kind: 'status', status: 503, headers: { 'retry-after': '3600' } });
  expect(await fromServer('--concurrency', '1', 'nginx', APP)).toBe(5);
  expect(said.stdout).toMatch(/^failed {6}docker\.io\/library\/nginx {2}trust\.unreachable: .*503/);
  expect(said.stdout).toContain(`not tried   ${APP}`);
  expect(said.stderr).toContain('stopped early');
  expect(await fromServer('--concurrency', '1', '--json', 'nginx', APP)).toBe(5);
  expect(document()).toMatchObject({
    stopped: { code: 'trust.unreachable' },
    collections: [
      { gun: NGINX, outcome: 'failed', code: 'trust.unreachable' },
      { gun: APP, outcome: 'not-tried' },
    ],
  });
  server.misbehaviours.clear();
  expect(await fromServer('nginx', APP)).toBe(0);
});

test('a server that asks to wait is waited for', async () => {
  server.misbehaviours.set('timestamp', { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
  const ended = fromServer('nginx');
  setTimeout(() => server.misbehaviours.clear(), 200);
  expect(await ended).toBe(0);
  expect(said.stderr).toContain('it answered 429; asked again in 1 s');
});

test('a pin of the configuration holds, and one that is not met ends with 3', async () => {
  const key = nginx.of('root').keys[0]!.keyId;
  const trust = (id: string): string =>
    `data: ./data\nupstreams: { docker.io: { url: https://hub.example } }\npolicy: []\ntrust: { hub: { type: notary, url: "${url}", pins: { docker.io/library/: { keys: [${id}] } } } }\n`;
  const good = await configure(trust(key));
  expect(await fromServer('nginx', APP, '--config', good)).toBe(0);
  expect(said.stdout).toContain(`1 tag, pinned by hub: docker.io/library/ (keys ${key})`);
  expect(said.stdout).toMatch(/team\/app {2}1 tag, first use/);
  expect(await read(false)).toMatchObject([
    { ok: true, gun: NGINX, anchor: { kind: 'pin' } },
    { ok: false, gun: APP },
  ]);
  const bad = await configure(trust('0'.repeat(64)));
  expect(await fromServer('nginx', '--again', '--config', bad)).toBe(3);
  expect(said.stdout).toContain('trust.pin');
  expect(await read(false)).toMatchObject([{ ok: true, folder: expect.not.stringMatching(/\.2$/) as unknown }, {}]);
});

test('a configured source gives its server, its names and its credentials', async () => {
  const user = { username: 'reader', password: 'only-here' };
  const guarded = new NotaryServer({ auth: { user } });
  const guardedUrl = (await guarded.listen()).href;
  guarded.add(collection('hub/library/nginx'));
  await writeFile(join(folder(), 'pw'), user.password);
  const file = await configure(
    `data: ./data\nupstreams: { docker.io: { url: https://hub.example } }\npolicy: []\ntrust: { hub: { type: notary, url: "${guardedUrl}", gun: "hub/{repository}", first_use: remember, credentials: { username: reader, password_file: pw } } }\n`,
  );
  expect(await capture('--url', guardedUrl, 'hub/library/nginx')).not.toBe(0);
  expect(said.stdout).toContain('credentials');
  expect(await capture('--source', 'hub', 'nginx', '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/^captured {4}hub\/library\/nginx/);
  await guarded.close();
});

test('an expired collection is archived, and ends with 3', async () => {
  nginx.of('timestamp').expires = START - 1;
  nginx.publish();
  expect(await fromServer('nginx')).toBe(3);
  expect(said.stdout).toMatch(
    /^expired {5}docker\.io\/library\/nginx {2}archived, and not to be believed: timestamp version/,
  );
  expect(await read()).toMatchObject([{ ok: false, error: { code: 'trust.expired' } }]);
});

test.each(['root', 'timestamp', '1.root'])('a server whose %s has no end costs one bounded read', async (name) => {
  server.misbehaviours.set(name, { kind: 'endless' });
  expect(await fromServer('nginx')).toBe(name === '1.root' ? 0 : 3);
  expect(said.stdout).toContain(name === '1.root' ? 'the server lacks 1.root.json' : 'trust.too-large');
});

test('a server that sends another repository under this name is refused', async () => {
  for (const file of ['root', 'timestamp', '1.root']) {
    const bytes = server.fetch(APP, file)!;
    server.misbehaviours.set(file, { kind: 'bytes', bytes });
  }
  expect(await fromServer('nginx')).toBe(3);
  expect(said.stdout).toMatch(/^failed {6}docker\.io\/library\/nginx {2}trust\.wrong-name/);
  expect(await read()).toEqual([]);
});

test('a second capture that goes back is none', async () => {
  expect(await fromServer('nginx')).toBe(0);
  server.add(collection(NGINX));
  expect(await fromServer('nginx', '--again')).toBe(3);
  expect(said.stdout).toContain('trust.signature');
  expect(await read()).toMatchObject([{ ok: true }]);
});

test.each<[string, string[], string]>([
  ['no server', ['nginx'], 'say which server to ask'],
  ['a server in the clear', ['nginx', '--url', 'http://notary.example'], 'expected https://'],
  ['a password in the URL', ['nginx', '--url', 'https://a:b@notary.example'], 'credentials are taken from'],
  ['no name', ['--url', 'https://notary.example'], 'no collection to capture'],
  ['too many at once', ['nginx', '--url', 'https://notary.example', '--concurrency', '17'], 'from 1 to 16'],
  ['a list that is not there', ['--url', 'https://notary.example', '--from-list', '/no/such'], 'cannot read the list'],
  ['a source and a URL', ['nginx', '--url', 'https://notary.example', '--source', 'hub'], '--source has its URL'],
  [
    'a configuration that is not there',
    ['nginx', '--url', 'https://notary.example', '--config', '/no/such'],
    '/no/such',
  ],
])('%s: wrong usage, and nothing is written', async (_, argv, why) => {
  expect(await capture(...argv)).toBe(2);
  expect(said.stderr).toContain(why);
  await expect(stat(to())).rejects.toThrow('ENOENT');
});

test('a source that is none of Notary is not asked', async () => {
  const file = await configure('data: ./data\nupstreams: { docker.io: { url: https://hub.example } }\npolicy: []\n');
  expect(await capture('nginx', '--source', 'hub', '--config', file)).toBe(2);
  expect(said.stderr).toContain('"hub"');
});

test('two captures in one archive exclude each other', async () => {
  const unlock = lockDataFolder(join(to(), '.capture.lock'));
  expect(await fromServer('nginx')).toBe(2);
  expect(said.stderr).toContain('another capture runs in it');
  unlock();
  expect(await fromServer('nginx')).toBe(0);
});

test('a folder that cannot be written is said', async () => {
  const file = join(folder(), 'file');
  await writeFile(file, '');
  expect(await command('trust', 'capture', '--to', file, '--url', url, 'nginx')).toBe(2);
  expect(said.stderr).toContain('cannot write to the archive');
  expect((await readFile(file)).length).toBe(0);
});
