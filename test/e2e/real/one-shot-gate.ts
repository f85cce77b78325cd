import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';
import type { Workspace } from './workspace.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** What `tufgate resolve --json` says of one image, and what it logged beside it. */
export interface Answer {
  readonly decision: 'allow' | 'deny';
  readonly reason: string | null;
  readonly message: string | null;
  readonly digest: string | null;
  readonly sources: readonly {
    readonly roles: readonly string[];
    readonly signers: readonly string[];
    readonly root: { readonly version: number; readonly keys: readonly string[]; readonly anchor: string } | null;
    readonly versions: Readonly<Record<string, number>>;
  }[];
  /** The alarms, as a log collector gets them. */
  readonly alarms: readonly { readonly code: string; readonly msg: string }[];
}

/**
 * A gate that keeps its memory between questions: `tufgate resolve`, run once a question on the same data folder.
 *
 * Its clock is moved by libfaketime. A minute passes between two questions, so each asks the source anew; `later` lets
 * more pass. Timers keep the real clock.
 */
export class OneShotGate {
  private readonly space: Workspace;
  private readonly configFile: string;
  private seconds = 0;

  /** @param config everything but `data`; JSON is YAML */
  constructor(space: Workspace, name: string, config: Readonly<Record<string, unknown>>) {
    this.space = space;
    this.configFile = space.at(`${name}.yaml`);
    writeFileSync(this.configFile, JSON.stringify({ data: space.at(name), ...config }));
  }

  /** Days pass on the gate's clock. */
  later(days: number): this {
    this.seconds += days * 86_400;
    return this;
  }

  async resolve(image: string): Promise<Answer> {
    this.seconds += 60;
    const command = [process.execPath, MAIN, 'resolve', '--json', image, '--config', this.configFile];
    const env = this.space.env({ FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    const { code, stdout, stderr, output } = await run('faketime', ['-f', `+${this.seconds}s`, ...command], { env });
    if (![0, 3, 4, 5].includes(code)) throw new Error(`tufgate resolve ${image} ended with ${code}:\n${output}`);
    const lines = stderr.split('\n').filter((line) => line.startsWith('{"level":"error"'));
    const alarms = lines.map((line) => JSON.parse(line) as Answer['alarms'][number]);
    return { ...(JSON.parse(stdout) as Omit<Answer, 'alarms'>), alarms };
  }
}
