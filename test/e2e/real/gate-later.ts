import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import type { Registry } from './registry.ts';
import { type Finished, must, run } from './run.ts';
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
      command: process.execPath,
      args: [MAIN, 'serve', '--config', gate.file],
      env: { ...gate.env(), ...(await laterClock()) },
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

/** What `faketime` sets for its child: the wrapper itself does not end the program that it runs when it is ended. */
async function laterClock(): Promise<NodeJS.ProcessEnv> {
  const lines = (await must('faketime', ['-f', '+60d', 'env']))
    .split('\n')
    .map((line) => /^(LD_PRELOAD|FAKETIME)=(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((found) => (found === null ? [] : [[found[1] ?? '', found[2]]])));
}
