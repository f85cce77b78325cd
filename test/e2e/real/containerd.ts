import { readFileSync, writeFileSync } from 'node:fs';
import type { Client } from './client.ts';
import type { Origin } from './origin.ts';
import { Program } from './program.ts';
import { must, run, type Finished } from './run.ts';
import type { Workspace } from './workspace.ts';

/** containerd of its own, and `ctr` with a hosts.toml that leaves it no way around tufgate. */
export class Containerd implements Client {
  readonly goesAround = false;
  readonly showsMessages = false;
  readonly showsMessagesByName = false;
  private readonly space: Workspace;
  private readonly env: NodeJS.ProcessEnv;
  private readonly socket: string;
  private containers = 0;

  private constructor(space: Workspace, origin: Origin) {
    this.space = space;
    this.socket = space.at('containerd', 'sock');
    this.env = space.env({ ...origin.env });
  }

  static async start(space: Workspace, gate: string, origin: Origin): Promise<Containerd> {
    const folder = space.folder('containerd');
    const client = new Containerd(space, origin);
    writeFileSync(`${folder}/config.toml`, configToml(folder));
    for (const host of ['docker.io', gate]) writeFileSync(`${space.folder('hosts', host)}/hosts.toml`, hostsToml(gate));
    const program = await Program.start({
      command: 'containerd',
      args: ['-c', `${folder}/config.toml`],
      env: space.env(),
      logFile: space.at('containerd.log'),
      ready: async () => (await client.ctr('version')).code === 0,
    });
    space.onClose(() => program.stop());
    return client;
  }

  pull(image: string): Promise<Finished> {
    return this.ctr('images', 'pull', '--hosts-dir', this.space.at('hosts'), image);
  }

  async says(image: string): Promise<string> {
    this.containers += 1;
    const ran = await this.ctr('run', '--rm', image, `story-${this.containers}`);
    return ran.code === 0 ? ran.stdout.trim() : this.unpacked(image);
  }

  async forget(image: string): Promise<void> {
    await must('ctr', ['-a', this.socket, 'images', 'rm', '--sync', image], { env: this.env });
  }

  pullAround(image: string): Promise<Finished> {
    return this.ctr('images', 'pull', image);
  }

  private async unpacked(image: string): Promise<string> {
    const target = this.space.folder('mounted');
    await must('ctr', ['-a', this.socket, 'images', 'mount', image, target], { env: this.env });
    const says = readFileSync(`${target}/says`, 'utf8').trim();
    await this.ctr('images', 'unmount', '--rm', target);
    return says;
  }

  private ctr(...args: readonly string[]): Promise<Finished> {
    return run('ctr', ['-a', this.socket, ...args], { env: this.env });
  }
}

/** An empty `[host]` table is what keeps 1.6 from ignoring the file, and `server` from being the registry itself. */
function hostsToml(gate: string): string {
  return `server = "http://${gate}"\n[host]\n`;
}

function configToml(folder: string): string {
  return `
version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${folder}/sock"
[ttrpc]
  address = "${folder}/sock.ttrpc"
`;
}
