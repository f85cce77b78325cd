import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'undici';
import { beforeAll, expect, it } from 'vitest';
import { buildImage, IMAGE } from './real/container-image.ts';
import { publishTags } from './real/images.ts';
import { stories, WORLD } from './real/needs.ts';
import { CONTAINED, Podman } from './real/podman.ts';
import { Skopeo } from './real/skopeo.ts';
import { until } from './real/until.ts';
import { World } from './real/world.ts';

const REPOSITORY = 'library/hello';
const USER = 10001;
const NAME = 'tufgate-story';
const READ_ONLY = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'all'];
const BUILD_MS = 900_000;

interface Printed {
  readonly decisions: readonly { readonly reason?: string }[];
}

stories('the container image', [...WORLD, 'buildah', 'podman', 'skopeo'], () => {
  let world: World;
  let podman: Podman;

  beforeAll(async () => {
    world = await World.start(async (fresh) => {
      await publishTags(fresh, REPOSITORY);
      await fresh.publishIndex();
      return [REPOSITORY];
    });
    return () => world.close();
  });
  beforeAll(async () => {
    // The image takes the place of the program, on the same ports.
    await world.gate.stop('SIGTERM');
    podman = new Podman(world.space, world.gate.host, world.origin);
    await buildImage(world.space, podman.storage);
    await podman.must('run', '--detach', '--name', NAME, ...READ_ONLY, ...CONTAINED, ...place(), IMAGE);
    world.space.onClose(() => podman.run('rm', '--force', '--time', '5', NAME));
    await until(
      'the container to serve',
      async () => (await request(`${world.gate.url}/v2/`)).statusCode === 200,
    ).catch(async (error: unknown) => {
      throw new Error((await podman.run('logs', NAME)).output, { cause: error });
    });
  }, BUILD_MS);

  /** The configuration where the image looks for it, the data in a volume, the peers on this machine's loopback. */
  function place(): string[] {
    const { space, gate } = world;
    const config = JSON.parse(readFileSync(gate.configFile, 'utf8')) as { data: string };
    writeFileSync(space.at('docker.yaml'), JSON.stringify({ ...config, data: '/data' }));
    chmodSync(space.path, 0o755);
    chownSync(space.folder('volume'), USER, USER);
    const mounts = [`${space.at('docker.yaml')}:/app/config/docker.yaml:ro`, `${space.at('volume')}:/data:rw`];
    const trust = [space.at('tls'), space.at('multi.root.json')].map((path) => `${path}:${path}:ro`);
    const admin = ['--env', `TUFGATE_ADMIN=http://${gate.admin}`];
    return ['--network', 'host', ...admin, ...[...mounts, ...trust].flatMap((mount) => ['-v', mount])];
  }

  it('runs as a user without rights, on a root file system nobody can write to', async () => {
    const pid = (await podman.must('inspect', '--format', '{{.State.Pid}}', NAME)).trim();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s+${USER}\\s+${USER}\\s+${USER}\\s+${USER}$`, 'm'));
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    const writing = await podman.run('exec', NAME, 'node', '-e', 'fs.writeFileSync("/app/x", "")');
    expect(writing.output).toMatch(/EROFS|EACCES/);
    const root = readFileSync(`/proc/${pid}/mounts`, 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === '/');
    expect(root?.split(' ')[3]?.split(',')).toContain('ro');
  });

  it('runs the Node.js that the image is made for', async () => {
    expect(await podman.must('exec', NAME, 'node', '--version')).toMatch(/^v24\./);
  });

  it('says by its own health check that it is well', async () => {
    const format = '{{json .HealthCheck}}';
    const check = JSON.parse(await podman.must('image', 'inspect', '--format', format, IMAGE)) as { Test: string[] };
    const [kind, ...command] = check.Test;
    expect(kind).toBe('CMD');
    const checked = await podman.run('exec', NAME, ...command);
    expect(checked, checked.output).toMatchObject({ code: 0 });
    const nobody = await podman.run('exec', '--env', 'TUFGATE_ADMIN=http://127.0.0.1:1', NAME, ...command);
    expect(nobody.code).toBe(1);
  });

  it('brings a configuration of its own that is right', async () => {
    const how = ['--rm', ...READ_ONLY, ...CONTAINED, '--network', 'none'];
    const checked = await podman.run('run', ...how, IMAGE, 'config', 'check');
    expect(checked, checked.output).toMatchObject({ code: 0 });
  });

  it('by itself makes a repository of approvals at its first start, or says what it needs for that', async () => {
    const how = [...READ_ONLY, ...CONTAINED, '--network', 'none'];
    const nothing = await podman.run('run', '--rm', ...how, IMAGE);
    expect(nothing.code, nothing.output).toBe(2);
    expect(nothing.output).toContain('set TUFGATE_PASSPHRASE');
    const name = `${NAME}-fresh`;
    world.space.onClose(() => podman.run('rm', '--force', '--time', '5', name));
    await podman.must('run', '--detach', '--name', name, ...how, '--env', 'TUFGATE_PASSPHRASE=correct horse', IMAGE);
    const show = ['node', '/app/dist/main.js', 'approvals', 'show', '--json'];
    const shown = await until('the repository', async () => {
      const { code, stdout } = await podman.run('exec', name, ...show);
      return code === 0 && (JSON.parse(stdout) as { repository: string; folder: string });
    });
    expect(shown).toMatchObject({ repository: 'approvals', folder: '/data/approvals' });
  });

  it('is pulled through, and refuses', async () => {
    const client = new Skopeo(world.space, world.gate.host, world.origin);
    const pulled = await client.pull(`docker.io/${REPOSITORY}:1.0`);
    expect(pulled, pulled.output).toMatchObject({ code: 0 });
    expect(await client.says(`docker.io/${REPOSITORY}:1.0`)).toBe('signed');
    const refused = await client.pull(`docker.io/${REPOSITORY}:2.0`);
    expect(refused.code).not.toBe(0);
    expect(await decisionReasons()).toContain('trust.unsigned');
    expect(world.origin.attempts).toEqual([]);
  });

  async function decisionReasons(): Promise<unknown[]> {
    const command = ['node', '/app/dist/main.js', 'decisions', '--json'];
    return until('the record of the refusal', async () => {
      const { decisions } = JSON.parse(await podman.must('exec', NAME, ...command)) as Printed;
      return decisions.some(({ reason }) => reason !== undefined) && decisions.map(({ reason }) => reason);
    });
  }

  it('holds no development packages, tests or sources', async () => {
    const list = `const has = (p) => fs.existsSync('/app/' + p);
      console.log(JSON.stringify(['src', 'test', 'node_modules/typescript', 'node_modules/vitest', '.git'].filter(has)))`;
    expect(JSON.parse(await podman.must('exec', NAME, 'node', '-e', list))).toEqual([]);
  });
});
