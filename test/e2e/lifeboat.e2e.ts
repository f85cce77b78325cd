import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { makeDelegationKey } from './real/delegation-key.ts';
import { Dockerd } from './real/dockerd.ts';
import { GateLater } from './real/gate-later.ts';
import { stories } from './real/needs.ts';
import { Notary } from './real/notary.ts';
import { NotaryClient, type Signable } from './real/notary-client.ts';
import { Publisher } from './real/publisher.ts';
import { Registry } from './real/registry.ts';
import { type Finished, must, run } from './real/run.ts';
import { Workspace } from './real/workspace.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READER = fileURLToPath(new URL('real/archive-reader.js', import.meta.url));
const PROGRAMS = [
  'dockerd',
  'docker',
  'docker-registry',
  'notary',
  'notary-server',
  'busybox',
  'openssl',
  'tar',
  'faketime',
];
const DAY = 86_400_000;
const DELEGATED = 'registry.example/acme/delegated';
const ROTATED = 'registry.example/acme/rotated';
const MANY = Array.from({ length: 6 }, (_, i) => `registry.example/many/c${i}`);

interface Read {
  readonly ok: boolean;
  readonly gun: string;
  readonly code?: string;
  readonly message?: string;
  readonly anchor?: { readonly kind: string };
  readonly root?: { readonly version: number };
  readonly capturedAt?: number;
  readonly tags: Readonly<Record<string, { readonly digest: string; readonly length: number }>>;
}

/**
 * Collections that `docker trust` and `notary` signed, captured from the real server by the built program, read sixty days
 * after that server was shut down.
 */
stories('a Notary server is shut down, and its collections are read on', PROGRAMS, () => {
  const space = new Workspace();
  const signed: Signable = { digest: `sha256:${'a'.repeat(64)}`, size: 1_234 };
  const archive = space.at('archive');
  let notary: Notary;
  let registry: Registry;
  let client: Dockerd;
  let docker: string;
  let hello: string;
  let capturedAt: number;

  /** Where no configuration is. */
  const capture = (...args: string[]): Promise<Finished> =>
    run(process.execPath, [MAIN, 'trust', 'capture', '--to', archive, ...args], {
      env: space.env(),
      cwd: space.folder('empty'),
    });
  const fromServer = (...args: string[]): Promise<Finished> =>
    capture('--url', notary.url, '--ca', notary.ca, '--pause', '0', ...args);

  /** With a clock so many days ahead. */
  async function readLater(folder: string, days: number, allow = 'first-use'): Promise<readonly Read[]> {
    const command = ['-f', `+${days}d`, process.execPath, READER, folder, allow];
    const env = space.env({ FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    const { now, read } = JSON.parse(await must('faketime', command, { env })) as { now: number; read: Read[] };
    expect(now).toBeGreaterThan(Date.now() + (days - 1) * DAY);
    return read;
  }
  const of = (read: readonly Read[], gun: string): Read | undefined => read.find((each) => each.gun === gun);

  beforeAll(async () => {
    registry = await Registry.start(space);
    notary = await Notary.start(space);
    client = await Dockerd.start(space, { name: 'publisher' });
    const publisher = await Publisher.start(space, client, registry, notary);
    docker = publisher.gun('acme/hello');
    hello = await publisher.pushSigned('acme/hello:1.0', 'first');
    await publisher.pushSigned('acme/hello:0.9', 'revoked');
    await publisher.addSigner('acme/hello', 'bob');
    await publisher.sign('acme/hello:1.0');
    await publisher.revoke('acme/hello:0.9');
    const alice = new NotaryClient(space, notary, 'alice');
    const rsa = await makeDelegationKey(space, 'qa', 'rsa');
    await alice.importKey(rsa.key);
    await alice.init(DELEGATED);
    await alice.delegate(DELEGATED, 'targets/releases', [rsa.certificate]);
    await alice.delegate(DELEGATED, 'targets/team', [rsa.certificate], 'n-');
    await alice.sign(DELEGATED, '1.0', signed, 'targets/releases');
    await alice.sign(DELEGATED, 'old', signed);
    await alice.sign(DELEGATED, 'n-1', signed, 'targets/team');
    await alice.init(ROTATED);
    await alice.sign(ROTATED, '1.0', signed);
    for (const role of ['root', 'targets', 'root']) await alice.rotate(ROTATED, role);
    await alice.sign(ROTATED, '2.0', signed);
    for (const gun of MANY) {
      await alice.init(gun);
      await alice.sign(gun, '1.0', signed);
    }
    return () => space.close();
  });

  it('captures what docker trust and notary made, by their names, and says what is missing', async () => {
    writeFileSync(space.at('list'), `# ours\n${docker}:1.0\n${DELEGATED}\n${ROTATED}\n`);
    capturedAt = Date.now();
    const finished = await fromServer('--from-list', space.at('list'), 'registry.example/acme/none');
    expect(finished.code, finished.output).toBe(4);
    const lines = finished.stdout.trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^not found/),
      expect.stringMatching(/^captured .*acme\/hello {2}1 tag, first use, root keys [0-9a-f]{64}$/),
      expect.stringMatching(/^captured .*acme\/delegated {2}1 tag, first use/),
      expect.stringMatching(/^captured .*acme\/rotated {2}2 tags, first use/),
    ]);
    expect(finished.stdout).not.toContain('lacks');
  });

  it('is killed at any time, and goes on where it was', async () => {
    for (let round = 0; round < 8; round++) {
      const child = spawn(
        process.execPath,
        [
          MAIN,
          'trust',
          'capture',
          '--to',
          archive,
          '--url',
          notary.url,
          '--ca',
          notary.ca,
          '--concurrency',
          '2',
          ...MANY,
        ],
        { env: space.env(), cwd: space.folder('empty'), stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 350 + round * 60));
      child.kill('SIGKILL');
      await ended;
    }
    const finished = await fromServer(...MANY);
    expect(finished.code, finished.output).toBe(0);
    expect(await readLater(archive, 0)).toHaveLength(3 + MANY.length);
  });

  it('a pin of the configuration holds, and is written down', async () => {
    const server = { type: 'notary', url: notary.url, ca: notary.ca };
    const pins = { [ROTATED]: { keys: await notary.rootKeys(ROTATED) } };
    const config = {
      data: space.at('data'),
      upstreams: { 'registry.example': { url: 'http://127.0.0.1:9' } },
      trust: { vendor: { ...server, pins } },
      policy: [],
    };
    const file = space.at('tufgate.yaml');
    writeFileSync(file, JSON.stringify(config));
    const finished = await capture('--source', 'vendor', '--again', '--config', file, ROTATED);
    expect(finished.code, finished.output).toBe(0);
    expect(finished.stdout).toContain(`pinned by vendor: ${ROTATED}`);
    const read = await readLater(archive, 0, 'no');
    expect(of(read, ROTATED)).toMatchObject({ ok: true, anchor: { kind: 'pin' } });
    expect(of(read, DELEGATED)).toMatchObject({ ok: false, code: 'trust.no-root' });
  });

  it('the server is gone: what is there is there, and a run for more ends with 5', async () => {
    await notary.stop();
    const again = await fromServer(docker, DELEGATED, ROTATED, ...MANY);
    expect(again.code, again.output).toBe(0);
    expect(again.stdout.match(/^present/gm)).toHaveLength(3 + MANY.length);
    const more = await fromServer('--concurrency', '1', 'registry.example/acme/late', 'registry.example/acme/later');
    expect(more.code, more.output).toBe(5);
    expect(more.stdout).toMatch(/^failed .*late.*trust\.unreachable/m);
    expect(more.stdout).toMatch(/^not tried .*later/m);
  });

  it('sixty days later every tag is as it was, and no other', async () => {
    const read = await readLater(archive, 60);
    expect(read.map(({ ok, code, message }) => [ok, code, message])).toEqual(
      read.map(() => [true, undefined, undefined]),
    );
    expect(Object.keys(of(read, docker)?.tags ?? {})).toEqual(['1.0']);
    expect(of(read, docker)?.tags['1.0']?.digest).toBe(hello);
    // Only targets/releases is believed, where it is delegated to.
    expect(of(read, DELEGATED)?.tags).toEqual({ '1.0': { digest: signed.digest, length: signed.size } });
    expect(Object.keys(of(read, ROTATED)?.tags ?? {}).sort()).toEqual(['1.0', '2.0']);
    expect(of(read, ROTATED)?.root?.version).toBe(4);
    for (const gun of MANY) expect(Object.keys(of(read, gun)?.tags ?? {})).toEqual(['1.0']);
    for (const each of read) expect(each.capturedAt).toBeGreaterThanOrEqual(capturedAt - 1_000);
  });

  it('one changed byte voids one collection, and says so', async () => {
    const copy = space.at('copy');
    cpSync(archive, copy, { recursive: true });
    const folder = readdirSync(copy).find((name) => name.startsWith('registry.example_acme_delegated')) ?? '';
    const name = readdirSync(`${copy}/${folder}/targets`).find((each) => each.startsWith('releases')) ?? '';
    const file = `${copy}/${folder}/targets/${name}`;
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const read = await readLater(copy, 60);
    expect(read.filter(({ ok }) => !ok)).toMatchObject([{ gun: DELEGATED, code: 'archive.damaged' }]);
    expect(of(read, DELEGATED)?.message).toContain(`targets/${name}`);
    expect(read.filter(({ ok }) => ok)).toHaveLength(2 + MANY.length);
  });

  it('sixty days later a gate takes it over: what was rescued is pulled, and nothing else', async () => {
    const gate = await GateLater.start(space, 'rescued', registry);
    const finished = await gate.run('approvals', 'import', '--archive', archive, '--first-use', '--yes', '--json');
    expect(finished.code, finished.output).toBe(0);
    expect(JSON.parse(finished.stdout)).toMatchObject({ collections: 3 + MANY.length, refused: [] });
    const pulled = await client.run(['pull', `${gate.host}/acme/hello:1.0`]);
    expect(pulled, pulled.output).toMatchObject({ code: 0 });
    expect((await client.must(['run', '--rm', '--network', 'none', `${gate.host}/acme/hello:1.0`])).trim()).toBe(
      'first',
    );
    const revoked = await client.run(['pull', `${gate.host}/acme/hello:0.9`]);
    expect(revoked.code).not.toBe(0);
    expect(revoked.output).toContain('nobody trusted signed');
    const { targets } = JSON.parse(
      (await gate.run('approvals', 'list', '--json', '--image', 'acme/hello:1.0')).stdout,
    ) as {
      targets: { evidence: { kind: string; digest: string }[] }[];
    };
    expect(targets[0]?.evidence).toMatchObject([{ kind: 'notary-archive', gun: docker }]);
    const again = await gate.run('approvals', 'import', '--archive', archive, '--first-use', '--yes');
    expect(again.stdout).toContain('nothing was signed');
  });

  it('of a damaged archive the other collections are taken over', async () => {
    const gate = await GateLater.start(space, 'damaged', registry);
    const finished = await gate.run('approvals', 'import', '--archive', space.at('copy'), '--first-use', '--yes');
    expect(finished.code, finished.output).toBe(3);
    expect(finished.stderr).toContain(`${DELEGATED} is not imported`);
    expect(finished.stdout).toContain(`of ${2 + MANY.length} collections are approved`);
    expect(await client.run(['pull', `${gate.host}/acme/hello:1.0`])).toMatchObject({ code: 0 });
  });
});
