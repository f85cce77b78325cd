import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const BASE = 'localhost/tufgate-base';
export const IMAGE = 'localhost/tufgate';

/**
 * Builds the project's Dockerfile, unchanged, where no base image can be pulled: on a base made of this machine's node,
 * the libraries it is linked with, and the CA bundle. While it builds, the machine's own /usr is mounted over the
 * base's (npm, python3, make, g++); the result holds none of it. So node:24 itself is not what is tried here.
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
  await layOut(folder);
  const env = buildEnv(space);
  const container = (await must('buildah', [...storage, 'from', 'scratch'], { env })).trim();
  await must('buildah', [...storage, 'copy', '-q', container, folder, '/'], { env });
  const settings = npmSettings().flatMap((line) => ['--env', line]);
  await must('buildah', [...storage, 'config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', ...settings, container], {
    env,
  });
  await must('buildah', [...storage, 'commit', '-q', '--rm', container, BASE], { env });
}

/** The root file system of the base. */
async function layOut(folder: string): Promise<void> {
  for (const name of ['usr/bin', 'etc/ssl/certs', 'tmp', 'root', 'var/tmp', 'proc', 'dev', 'sys']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  copyFileSync('/etc/ssl/certs/ca-certificates.crt', join(folder, 'etc/ssl/certs/ca-certificates.crt'));
  if (existsSync('/etc/alternatives')) cpSync('/etc/alternatives', join(folder, 'etc/alternatives'), COPY);
  copyFileSync(process.execPath, join(folder, 'usr/bin/node'));
  for (const library of await librariesOf(process.execPath)) place(library, folder);
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

/** Where node-gyp finds the headers without a download, and the CAs that npm needs here. */
function npmSettings(): string[] {
  const headers = dirname(dirname(process.execPath));
  const settings = ['npm_config_cafile=/etc/ssl/certs/ca-certificates.crt', 'npm_config_update_notifier=false'];
  return existsSync(join(headers, 'include/node/node.h')) ? [...settings, `npm_config_nodedir=${headers}`] : settings;
}

function buildEnv(space: Workspace): NodeJS.ProcessEnv {
  return { ...process.env, ...space.env() };
}
