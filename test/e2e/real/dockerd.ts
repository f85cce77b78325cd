import { must, run, type Finished } from './run.ts';
import { Program } from './program.ts';
import { whereIs } from './needs.ts';
import type { Workspace } from './workspace.ts';

export interface DockerdOptions {
  /** Folder below the workspace. */
  readonly name: string;
  /** URL for `--registry-mirror`. */
  readonly mirror?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A Docker daemon of its own, without network set-up, and the `docker` command bound to it. */
export class Dockerd {
  private readonly space: Workspace;
  private readonly env: NodeJS.ProcessEnv;

  private constructor(space: Workspace, socket: string) {
    this.space = space;
    this.env = space.env({ DOCKER_HOST: `unix://${socket}` });
  }

  static async start(space: Workspace, options: DockerdOptions): Promise<Dockerd> {
    const folder = space.folder(options.name);
    const docker = new Dockerd(space, `${folder}/sock`);
    const places = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '-p', `${folder}/pid`];
    const mirror = options.mirror === undefined ? [] : ['--registry-mirror', options.mirror];
    // Its default of 5 download attempts waits 75 seconds in all.
    const rest = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--max-download-attempts=2'];
    const program = await Program.start({
      command: 'dockerd',
      args: [...places, '-H', `unix://${folder}/sock`, ...rest, ...mirror],
      env: space.env(options.env),
      logFile: space.at(`${options.name}.log`),
      ready: async () => (await docker.run(['version'])).code === 0,
    });
    space.onClose(() => program.stop());
    return docker;
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: Buffer): Promise<Finished> {
    const options = { env: { ...this.env, ...env }, cwd: this.space.folder('home') };
    return run(whereIs('docker') ?? 'docker', args, input === undefined ? options : { ...options, input });
  }

  must(args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: Buffer): Promise<string> {
    const options = { env: { ...this.env, ...env }, cwd: this.space.folder('home') };
    return must(whereIs('docker') ?? 'docker', args, input === undefined ? options : { ...options, input });
  }
}
