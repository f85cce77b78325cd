import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where its output goes; shown when it does not come up. */
  readonly logFile: string;
  /** True once it serves. */
  readonly ready: () => Promise<boolean>;
}

/**
 * A long-running program of our own: started, awaited until it serves, ended by its own handle. When this process
 * dies first, the program is killed with it.
 */
export class Program {
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly options: ProgramOptions;
  private readonly onExit = (): void => void this.child.kill('SIGKILL');

  private constructor(child: ChildProcess, options: ProgramOptions) {
    this.child = child;
    this.options = options;
    this.pid = child.pid ?? -1;
    process.once('exit', this.onExit);
    child.once('exit', () => process.off('exit', this.onExit));
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const log = openSync(options.logFile, 'a');
    const child = spawn(options.command, options.args, { env: options.env, stdio: ['ignore', log, log] });
    closeSync(log);
    child.on('error', () => undefined);
    const program = new Program(child, options);
    await program.untilReady().catch(async (error: unknown) => {
      await program.stop('SIGKILL');
      throw error;
    });
    return program;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  get log(): string {
    return readFileSync(this.options.logFile, 'utf8');
  }

  /** Sends `signal` and waits for the end; after 20 seconds it is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.child.kill(signal);
    await until('the end of ' + this.options.command, () => !this.running).catch(() => this.child.kill('SIGKILL'));
  }

  private async untilReady(): Promise<void> {
    const { command, ready } = this.options;
    await until(`${command} to serve`, async () => !this.running || (await ready()), 45_000).catch((error: unknown) => {
      throw new Error(`${command} did not come up:\n${this.log.slice(-4000)}`, { cause: error });
    });
    if (!this.running) throw new Error(`${command} ended at once:\n${this.log.slice(-4000)}`);
  }
}
