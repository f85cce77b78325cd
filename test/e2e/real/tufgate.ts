import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { Program } from './program.ts';
import { freePort } from './ports.ts';
import { run, type Finished } from './run.ts';
import { until } from './until.ts';
import type { Workspace } from './workspace.ts';

export const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** A record of the decision log as `tufgate decisions --json` prints it: what the stories look at. */
export interface DecisionRecord {
  readonly at: string;
  readonly event: 'pull' | 'integrity' | 'alarm';
  readonly repository: string;
  readonly tag?: string;
  readonly asked?: string;
  readonly verdict: 'allow' | 'deny';
  readonly reason?: string;
  readonly message?: string;
  readonly digest?: string;
}

/** The built program under test, on ports of its own that survive a restart. */
export class Tufgate {
  readonly port: number;
  readonly configFile: string;
  private readonly space: Workspace;
  private readonly adminPort: number;
  private readonly extra: Readonly<Record<string, string>>;
  private program: Program | undefined;

  private constructor(space: Workspace, port: number, adminPort: number, extra: Readonly<Record<string, string>>) {
    this.space = space;
    this.port = port;
    this.adminPort = adminPort;
    this.extra = extra;
    this.configFile = space.at('tufgate.yaml');
  }

  /** `127.0.0.1:PORT`, as in an image name. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `127.0.0.1:PORT` of health, metrics and API. */
  get admin(): string {
    return `127.0.0.1:${this.adminPort}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  get data(): string {
    return this.space.at('data');
  }

  get log(): string {
    return readFileSync(this.space.at('tufgate.log'), 'utf8');
  }

  /**
   * @param config everything but `data`, `listen` and `admin`; JSON is YAML
   * @param env of its process, besides what every program of the workspace gets
   */
  static async start(
    space: Workspace,
    config: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Tufgate> {
    const gate = await Tufgate.place(space, config, env);
    await gate.serve();
    return gate;
  }

  /** Configured, and not started: there is something to be made before. */
  static async place(
    space: Workspace,
    config: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Tufgate> {
    if (!existsSync(MAIN)) throw new Error('dist/main.js is missing: npm run build');
    const gate = new Tufgate(space, await freePort(), await freePort(), env);
    const places = { data: gate.data, listen: [{ address: gate.host }], admin: { address: gate.admin } };
    writeFileSync(gate.configFile, JSON.stringify({ ...places, ...config }, null, 2));
    space.onClose(() => gate.stop('SIGTERM'));
    return gate;
  }

  async serve(): Promise<void> {
    this.program = await Program.start({
      command: process.execPath,
      args: [MAIN, 'serve', '--config', this.configFile],
      env: this.space.env(this.extra),
      logFile: this.space.at('tufgate.log'),
      ready: async () => (await request(`http://${this.admin}/readyz`)).statusCode === 200,
    });
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.program?.stop(signal);
  }

  /** The highest resident memory the process ever had, bytes. */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.program?.pid ?? 0}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** Descriptors that the process has open. */
  openFiles(): number {
    return readdirSync(`/proc/${this.program?.pid ?? 0}/fd`).length;
  }

  /** Value of a metric, summed over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await request(`http://${this.admin}/metrics`)).body.text();
    const values = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  run(...args: string[]): Promise<Finished> {
    return run(process.execPath, [MAIN, ...args, '--config', this.configFile], { env: this.space.env() });
  }

  async decisions(): Promise<readonly DecisionRecord[]> {
    const finished = await this.run('decisions', '--json', '--limit', '10000');
    if (finished.code !== 0) throw new Error(`tufgate decisions ended with ${finished.code}: ${finished.output}`);
    return (JSON.parse(finished.stdout) as { decisions: DecisionRecord[] }).decisions;
  }

  /** The newest record like this one; they are written in batches, so it is waited for. */
  decision(like: Partial<DecisionRecord>): Promise<DecisionRecord> {
    const wanted = Object.entries(like);
    const found = async (): Promise<DecisionRecord | undefined> =>
      (await this.decisions()).findLast((record) =>
        wanted.every(([key, value]) => record[key as keyof DecisionRecord] === value),
      );
    return until(`a decision record with ${JSON.stringify(like)}`, found, 10_000).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; there are:\n${JSON.stringify(await this.decisions(), null, 1)}`);
    });
  }
}
