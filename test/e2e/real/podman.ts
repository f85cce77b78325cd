import { writeFileSync } from 'node:fs';
import type { Client } from './client.ts';
import type { Origin } from './origin.ts';
import { must, run, type Finished } from './run.ts';
import type { Workspace } from './workspace.ts';

/**
 * What an operator writes for Podman, CRI-O, skopeo and buildah: tufgate mirrors docker.io, and `blocked` keeps them
 * from going anywhere else.
 */
export function registriesConf(gate: string): string {
  return `
[[registry]]
prefix = "docker.io"
location = "docker.io"
blocked = true
[[registry.mirror]]
location = "${gate}"
insecure = true

[[registry]]
location = "${gate}"
insecure = true
`;
}

/** Podman with storage of its own. */
export class Podman implements Client {
  readonly goesAround = false;
  readonly showsMessages = true;
  readonly showsMessagesByName = true;
  private readonly space: Workspace;
  private readonly env: NodeJS.ProcessEnv;

  constructor(space: Workspace, gate: string, origin: Origin) {
    this.space = space;
    const conf = space.at('podman-registries.conf');
    writeFileSync(conf, registriesConf(gate));
    writeFileSync(space.at('empty-registries.conf'), '');
    this.env = space.env({ ...origin.env, CONTAINERS_REGISTRIES_CONF: conf });
    space.onClose(() => run('podman', [...this.settings, 'rm', '--all', '--force'], { env: this.env }));
  }

  pull(image: string): Promise<Finished> {
    return this.run('pull', image);
  }

  async says(image: string): Promise<string> {
    return (await this.must('run', '--rm', ...CONTAINED, '--network', 'none', image)).trim();
  }

  async forget(image: string): Promise<void> {
    await this.must('rmi', image);
  }

  pullAround(image: string): Promise<Finished> {
    const env = { ...this.env, CONTAINERS_REGISTRIES_CONF: this.space.at('empty-registries.conf') };
    return run('podman', [...this.settings, 'pull', image], { env });
  }

  run(...args: readonly string[]): Promise<Finished> {
    return run('podman', [...this.settings, ...args], { env: this.env });
  }

  must(...args: readonly string[]): Promise<string> {
    return must('podman', [...this.settings, ...args], { env: this.env });
  }

  /** Where images and containers lie, for buildah too. */
  get storage(): readonly string[] {
    const folder = this.space.folder('podman');
    return ['--root', `${folder}/root`, '--runroot', `${folder}/run`, '--storage-driver', 'overlay'];
  }

  private get settings(): readonly string[] {
    const rest = [
      '--tmpdir',
      this.space.at('podman', 'tmp'),
      '--cgroup-manager',
      'cgroupfs',
      '--events-backend',
      'none',
    ];
    return [...this.storage, ...rest];
  }
}

/** Podman raises limits to its own defaults, which a sandbox may not allow. */
export const CONTAINED = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
