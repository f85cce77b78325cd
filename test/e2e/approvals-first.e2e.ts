import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { beforeAll, expect, it } from 'vitest';
import { CacheFiles } from './real/cache-files.ts';
import { Dockerd } from './real/dockerd.ts';
import { layerTar, pushImage } from './real/image.ts';
import { stories, whereIs } from './real/needs.ts';
import { freePort } from './real/ports.ts';
import { atTerminal, type Session } from './real/pty.ts';
import { Registry } from './real/registry.ts';
import { type Finished, run } from './real/run.ts';
import { Tufgate } from './real/tufgate.ts';
import { until } from './real/until.ts';
import { Workspace } from './real/workspace.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PROGRAMS = ['dockerd', 'docker', 'docker-registry', 'busybox', 'tar', 'python3'];
const PASSPHRASE = 'correct horse battery';
/** Of the second gate. */
const CHECK_EVERY_MS = 2_000;

/** A person with a fresh clone, a terminal and a registry; the default configuration but for its ports and its upstream. */
stories('The first five minutes', PROGRAMS, () => {
  const space = new Workspace();
  const file = space.at('first.yaml');
  const stop = space.at('stop');
  let registry: Registry;
  let docker: Dockerd;
  let gate: string;
  let admin: string;
  let serving: Promise<Session>;
  let digest: string;

  const at = (command: readonly string[], steps: Parameters<typeof atTerminal>[2], ending = ''): Promise<Session> =>
    atTerminal(space, command, steps, { TUFGATE_CONFIG: file }, ending);
  const tufgate = (...words: string[]): readonly string[] => [process.execPath, MAIN, ...words];
  const pull = (tag: string, host = gate): Promise<Finished> => docker.run(['pull', `${host}/library/hello:${tag}`]);

  async function push(tag: string, says: string): Promise<string> {
    const layer = await registry.pushBlob('library/hello', await layerTar(says));
    return (await pushImage(registry, { repository: 'library/hello', reference: tag }, layer)).digest;
  }

  beforeAll(async () => {
    [registry, docker] = await Promise.all([Registry.start(space), Dockerd.start(space, { name: 'client' })]);
    digest = await push('1.0', 'approved');
    gate = `127.0.0.1:${await freePort()}`;
    admin = `127.0.0.1:${await freePort()}`;
    const text = readFileSync(`${ROOT}config/tufgate.yaml`, 'utf8')
      .replace('https://registry-1.docker.io', registry.url)
      .replace('127.0.0.1:5000', gate)
      .replace('127.0.0.1:5001', admin)
      .replaceAll('../data', 'first');
    writeFileSync(file, text);
    return async () => {
      writeFileSync(stop, '');
      await serving.catch(() => undefined);
      await space.close();
    };
  });

  it('npm start, approve, docker pull: in less than 90 seconds', async () => {
    const began = performance.now();
    serving = at(
      [whereIs('npm') ?? 'npm', 'start'],
      [
        { see: 'New passphrase', type: `${PASSPHRASE}\r` },
        { see: 'The same again', type: `${PASSPHRASE}\r` },
      ],
      stop,
    );
    await until('the gate', async () => (await request(`http://${admin}/readyz`)).statusCode === 200, 60_000);

    const refused = await pull('1.0');
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain('nobody trusted signed');

    const approved = await at(tufgate('approve', 'hello:1.0'), [
      { see: '[y/N]', type: 'y\r' },
      { see: 'Passphrase of', type: `${PASSPHRASE}\r` },
    ]);
    expect(approved, approved.shown).toMatchObject({ code: 0 });
    expect(approved.shown).toContain(`docker.io/library/hello:1.0 is ${digest} (image`);
    expect(approved.shown).not.toContain(PASSPHRASE);

    const pulled = await pull('1.0');
    expect(pulled, pulled.output).toMatchObject({ code: 0 });
    expect((await docker.must(['run', '--rm', '--network', 'none', `${gate}/library/hello:1.0`])).trim()).toBe(
      'approved',
    );
    expect(performance.now() - began).toBeLessThan(90_000);
  });

  it('a tag that the registry moved is shown with what changed, and stays what it was when the answer is no', async () => {
    await push('1.0', 'moved');
    const shown = await at(tufgate('approve', 'hello:1.0'), [{ see: '[y/N]', type: 'n\r' }]);
    expect(shown.code).toBe(2);
    expect(shown.shown).toContain(`since the last approved digest ${digest}`);
    expect(shown.shown).toContain('1 new');
    expect((await request(`http://${gate}/v2/library/hello/manifests/1.0`, { method: 'HEAD' })).headers).toMatchObject({
      'docker-content-digest': digest,
    });
  });

  it('a withdrawal reaches another gate within check_every and a second, and its copy is gone', async () => {
    writeFileSync(space.at('other-root.json'), await rootOf(gate));
    const other = await Tufgate.start(space, {
      upstreams: { 'docker.io': { url: registry.url } },
      default_upstream: 'docker.io',
      trust: { approvals: { type: 'tuf', url: `http://${gate}/tuf/approvals/`, root: space.at('other-root.json') } },
      policy: [{ match: '**', require: ['approvals'] }],
      freshness: { check_every: `${CHECK_EVERY_MS / 1_000}s` },
    });
    const copies = (): readonly string[] => new CacheFiles(other.data).blobs();
    await docker.must(['rmi', '-f', `${gate}/library/hello:1.0`]);
    expect(await pull('1.0', other.host)).toMatchObject({ code: 0 });
    const layer = await registry.layerOf('library/hello', digest);
    await until('the copy', () => Promise.resolve([digest, layer].every((each) => copies().includes(each))));

    const revoked = await run(
      process.execPath,
      [MAIN, 'revoke', 'hello:1.0', '--reason', 'found to be bad', '--yes', '--json'],
      {
        env: space.env({ TUFGATE_CONFIG: file, TUFGATE_PASSPHRASE: PASSPHRASE }),
      },
    );
    const published = performance.now();
    expect(revoked, revoked.output).toMatchObject({ code: 0 });
    const told = JSON.parse(revoked.stdout) as { withdrawn: string[]; pulled: { client: string }[] };
    expect(told.withdrawn).toEqual([`docker.io/library/hello@${digest}`]);
    expect(told.pulled.map(({ client }) => client)).toContain('127.0.0.1');

    await until('the copy to be gone', () => Promise.resolve(![digest, layer].some((each) => copies().includes(each))));
    expect(performance.now() - published).toBeLessThan(CHECK_EVERY_MS + 1_000);
    for (const host of [other.host, gate]) {
      const { statusCode, body } = await request(`http://${host}/v2/library/hello/manifests/${digest}`);
      expect([statusCode, await body.text()]).toEqual([403, expect.stringContaining('trust.withdrawn')]);
    }
    await docker.must(['rmi', '-f', `${other.host}/library/hello:1.0`]);
    expect((await pull('1.0', other.host)).code).not.toBe(0);
  });

  it('without a terminal and a passphrase it says what to set', async () => {
    const fresh = space.at('fresh.yaml');
    writeFileSync(fresh, readFileSync(file, 'utf8').replaceAll(/\bfirst\b/g, 'fresh'));
    const finished = await run(process.execPath, [MAIN, 'serve', '--config', fresh], { env: space.env() });
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain('set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE');
  });
});

async function rootOf(gate: string): Promise<Buffer> {
  const { body } = await request(`http://${gate}/tuf/approvals/root.json`);
  return Buffer.from(await body.arrayBuffer());
}
