import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const BASE = 'localhost/tufgate-base';
export const IMAGE = 'localhost/tufgate';

/**
 * Builds the project's Dockerfile, unchanged, where no base image can be pulled: on a base made of the newest Node.js 24 from the
 * package registry, this machine's libraries that it is linked with, and the CA bundle. While it builds, the machine's own /usr is
 * mounted over the base's, for npm; the result holds none of it. So the node of `node:24` is tried here, and not the rest of it.
 *
 * @param storage `--root …` and so on, for buildah and podman alike
 */
export async function buildImage(space: Workspace, storage: readonly string[]): Promise<void> {
  await buildBase(space, storage);
  const bases = ['--build-arg', `BUILD=${BASE}`, '--build-arg', `BASE=${BASE}`];
  const cache = (await must('npm', ['config', 'get', 'cache'], { env: { ...process.env } })).trim();
  const mounts = ['-v', '/usr:/usr:ro', '-v', `${space.folder('npm-home')}:/root:rw`];
  if (existsSync(cache)) mounts.push('-v', `${cache}:/root/.npm:rw`);
  const how = ['--isolation', 'chroot', '--network', 'host', '--pull-never', '--format', 'docker'];
  const args = [...storage, 'bud', ...how, ...mounts, ...bases, '-t', IMAGE, REPOSITORY];
  await must('buildah', args, { env: buildEnv(space), timeout: 600_000 });
}

async function buildBase(space: Workspace, storage: readonly string[]): Promise<void> {
  const folder = space.folder('base');
  await layOut(folder, await newestNode(space));
  const env = buildEnv(space);
  const container = (await must('buildah', [...storage, 'from', 'scratch'], { env })).trim();
  await must('buildah', [...storage, 'copy', '-q', container, folder, '/'], { env });
  const settings = NPM_SETTINGS.flatMap((line) => ['--env', line]);
  await must('buildah', [...storage, 'config', '--env', `PATH=/${NODE}:/usr/bin:/bin`, ...settings, container], {
    env,
  });
  await must('buildah', [...storage, 'commit', '-q', '--rm', container, BASE], { env });
}

/** Not in /usr, over which another is mounted. */
const NODE = 'opt/node';

async function newestNode(space: Workspace): Promise<string> {
  const name = `node-linux-${process.arch}`;
  await must('npm', ['install', '--silent', '--no-save', '--prefix', space.folder('node'), `${name}@24`], {
    env: { ...process.env },
    timeout: 300_000,
  });
  return space.at(join('node/node_modules', name, 'bin/node'));
}

/** The root file system of the base. */
async function layOut(folder: string, node: string): Promise<void> {
  for (const name of [NODE, 'usr/bin', 'etc/ssl/certs', 'tmp', 'root', 'var/tmp', 'proc', 'dev', 'sys']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  copyFileSync('/etc/ssl/certs/ca-certificates.crt', join(folder, 'etc/ssl/certs/ca-certificates.crt'));
  if (existsSync('/etc/alternatives')) cpSync('/etc/alternatives', join(folder, 'etc/alternatives'), COPY);
  copyFileSync(node, join(folder, NODE, 'node'));
  for (const library of await librariesOf(node)) place(library, folder);
}

const COPY = { recursive: true, verbatimSymlinks: true };

/** /lib/x and /usr/lib/x are one place. */
function place(library: string, folder: string): void {
  const target = join(folder, library.startsWith('/usr/') ? library : `/usr${library}`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, readFileSync(library), { mode: 0o755 });
}

async function librariesOf(program: string): Promise<string[]> {
  const lines = (await must('ldd', [program])).split('\n');
  return lines.flatMap((line) => /(\/\S+)/.exec(line.replace(`${basename(program)}:`, ''))?.[1] ?? []);
}

/** The CAs that npm needs here. */
const NPM_SETTINGS = ['npm_config_cafile=/etc/ssl/certs/ca-certificates.crt', 'npm_config_update_notifier=false'];

function buildEnv(space: Workspace): NodeJS.ProcessEnv {
  return { ...process.env, ...space.env() };
}
