import { execFile } from 'node:child_process';
import { TufgateError } from '../../errors.ts';
import type { Env } from './env.ts';

/** A program that has a key we do not have: OpenSC's tool for tokens, or somebody's bridge to a KMS. */
export interface Program {
  /** A path, or a name on the PATH of `env`. */
  readonly program: string;
  /** Each is one word: there is no shell. */
  readonly args: readonly string[];
  readonly env: Env;
  readonly input: Uint8Array;
  /** Which line of what it printed on stderr says why; the first without it. */
  readonly why?: RegExp;
}

const DEADLINE_MS = 60_000;
const MAX_OUTPUT = 64 * 1024;

/** What it prints on stdout, when it ends with 0 within a minute and 64 KiB. @throws approvals.key */
export function runProgram(what: Program, deadlineMs = DEADLINE_MS): Promise<Buffer> {
  const { program, args, env, input, why } = what;
  const limits = { env: { ...env }, timeout: deadlineMs, maxBuffer: MAX_OUTPUT, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { ...limits, encoding: 'buffer' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failed(program, describe(error, deadlineMs), toldBy(stderr, why)));
    });
    // One that ends without reading is its own affair.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

function describe(error: Error, deadlineMs: number): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it printed more than 64 KiB';
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'it may not be executed';
  if ('killed' in error && error.killed === true) return `it did not end within ${deadlineMs / 1_000} seconds`;
  return typeof code === 'number' ? `it ended with ${code}` : 'it was ended by a signal';
}

/** One line for a person, without what would move the cursor of his terminal. */
function toldBy(stderr: Buffer, why: RegExp = /\S/): string {
  const lines = stderr.toString('utf8').split(/\r?\n/);
  const line = lines.find((each) => why.test(each)) ?? lines.find((each) => each.trim() !== '') ?? '';
  return line
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 300);
}

function failed(program: string, how: string, told: string): TufgateError {
  const said = told === '' ? '' : `; it says: ${told}`;
  return new TufgateError('approvals.key', `${program} was no help: ${how}${said}`);
}
