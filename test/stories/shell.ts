import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, vi } from 'vitest';
import type { Input } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import { type GateWorld, openGate, START } from './gate-world.ts';

/** The command line as an operator meets it: a folder with a configuration, what is piped or typed in, what is said. */
export interface Shell {
  readonly said: { stdout: string; stderr: string };
  readonly folder: () => string;
  readonly world: (over?: Parameters<typeof openGate>[0]) => Promise<GateWorld>;
  readonly configure: (yaml: string) => Promise<string>;
  /** What the next command finds on stdin; nothing, until it is said. */
  readonly piped: (text: string) => void;
  /** The next command meets a person, who answers this, line by line. */
  readonly typed: (...lines: readonly string[]) => void;
  /** What the next commands find in their environment; a folder of this story stands for what a person keeps at home. */
  readonly env: Record<string, string | undefined>;
  /** A second later. Says anew: `said` holds the words of the last command. */
  readonly command: (...argv: string[]) => Promise<number>;
  readonly document: () => unknown;
}

export function shell(): Shell {
  const said = { stdout: '', stderr: '' };
  const env: Record<string, string | undefined> = {};
  const open: GateWorld[] = [];
  let folder: string;
  let stdin: Input;
  const piped = (text: string): void => void (stdin = Readable.from([text]));
  beforeEach(async () => {
    // What is signed for the stories is fresh then, on whatever day they are run.
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    folder = await mkdtemp(join(tmpdir(), 'tufgate-cli-'));
    for (const name of Object.keys(env)) env[name] = undefined;
    env['XDG_STATE_HOME'] = join(folder, 'state');
    piped('');
    for (const stream of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        said[stream] += String(text);
        return true;
      });
    }
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    for (const world of open.splice(0)) await world.close();
    await rm(folder, { recursive: true });
  });
  return {
    said,
    folder: () => folder,
    async world(over = {}) {
      const opened = await openGate(over);
      open.push(opened);
      return opened;
    },
    async configure(yaml) {
      const file = join(folder, 'tufgate.yaml');
      await writeFile(file, yaml);
      return file;
    },
    piped,
    env,
    typed(...lines) {
      const stream = new PassThrough();
      for (const line of lines) stream.write(line);
      stream.end();
      stdin = Object.assign(stream, { isTTY: true });
    },
    async command(...argv) {
      Object.assign(said, { stdout: '', stderr: '' });
      vi.setSystemTime(Date.now() + 1_000);
      return await run(argv, { ...env }, stdin);
    },
    document: () => JSON.parse(said.stdout) as unknown,
  };
}

/** A Notary server that nobody has pinned, as `resolve` meets it. */
export function onFirstUse({ registry, notary }: GateWorld): string {
  return `data: ./data
upstreams: { reg.example: { url: "${registry.url.href}" } }
trust: { vendor: { type: notary, url: "${notary.url.href}", first_use: remember } }
policy: [{ match: '**', require: [vendor] }]
`;
}
