import { spawn } from 'node:child_process';

export interface Finished {
  /** Exit code; 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for assertions on what a person would have seen. */
  readonly output: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string | Buffer;
  /** Milliseconds; then it is killed. */
  readonly timeout?: number;
}

/** Runs a program to its end, whatever its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, timeout: options.timeout ?? 120_000, killSignal: 'SIGKILL' });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) => {
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
      resolve({ code: code ?? 128, stdout, stderr, output: stdout + stderr });
    });
  });
}

/** Runs a program that must succeed; its standard output. */
export async function must(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await run(program, args, options);
  if (finished.code === 0) return finished.stdout;
  throw new Error(`${program} ${args.join(' ')} ended with ${finished.code}:\n${finished.output}`);
}
