import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import type { Registry } from './registry.ts';
import { type Finished, run } from './run.ts';
import type { Workspace } from './workspace.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const LATER = ['-f', '+60d', process.execPath, MAIN];

/** A gate with approvals of its own, and the commands beside it, whose clock is sixty days ahead. */
export class GateLater {
  readonly host: string;
  private readonly space: Workspace;
  private readonly file: string;

  private constructor(space: Workspace, name: string, host: string) {
    this.space = space;
    this.host = host;
    this.file = space.at(`${name}.yaml`);
  }

  static async start(space: Workspace, name: string, registry: Registry): Promise<GateLater> {
    const gate = new GateLater(space, name, `127.0.0.1:${await freePort()}`);
    const admin = `127.0.0.1:${await freePort()}`;
    const folder = space.folder(name);
    const config = {
      data: folder,
      listen: [{ address: gate.host }],
      admin: { address: admin },
      upstreams: { [registry.host]: { url: registry.url } },
      default_upstream: registry.host,
      trust: {
        approvals: {
          type: 'tuf',
          url: `file:${folder}/approvals/`,
          root: `${folder}/approvals/root.json`,
          publish: { keys: `${folder}/keys` },
        },
      },
      policy: [{ match: '**', require: ['approvals'] }],
    };
    writeFileSync(gate.file, JSON.stringify(config));
    const program = await Program.start({
      command: 'faketime',
      args: [...LATER, 'serve', '--config', gate.file],
      env: gate.env(),
      logFile: space.at(`${name}.log`),
      ready: async () => (await request(`http://${admin}/readyz`)).statusCode === 200,
    });
    space.onClose(() => program.stop('SIGTERM'));
    return gate;
  }

  run(...args: string[]): Promise<Finished> {
    return run('faketime', [...LATER, ...args, '--config', this.file], { env: this.env() });
  }

  private env(): NodeJS.ProcessEnv {
    return this.space.env({ FAKETIME_DONT_FAKE_MONOTONIC: '1', TUFGATE_PASSPHRASE: 'correct horse battery' });
  }
}
