import { execFile } from 'node:child_process';
import { TufgateError } from '../errors.ts';
import { readJson, type JsonObject } from '../json/read.ts';
import type { Credential } from './docker-config.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const LIMITS = { depth: 4, values: 100, integersOnly: false };

/**
 * `docker-credential-<name> get`, the protocol of docker-credential-helpers: server on stdin, JSON on stdout. What the
 * program prints is secret or may be: nothing of it gets into messages.
 * @returns undefined when the helper knows no credentials for the server
 * @throws config.invalid for a name that is not one · upstream.unauthorized when the helper fails
 */
export async function askHelper(
  helper: string,
  server: string,
  options: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<Credential | undefined> {
  const program = `docker-credential-${helper}`;
  if (!NAME.test(helper))
    throw new TufgateError('config.invalid', 'the name of the credential helper is not acceptable');
  const { stdout, error } = await run(program, server, options);
  if (error !== undefined) {
    if (/credentials not found/i.test(stdout)) return undefined;
    throw failed(program, server, describe(error));
  }
  return credentialOf(stdout) ?? fail(program, server, 'it printed no {"Username", "Secret"}');
}

function run(
  program: string,
  server: string,
  { env, timeoutMs }: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<{ stdout: string; error?: Error }> {
  return new Promise((resolve) => {
    const limits = { env, timeout: timeoutMs, maxBuffer: 64 * 1024, killSignal: 'SIGKILL', windowsHide: true } as const;
    const child = execFile(program, ['get'], limits, (error, stdout) => {
      resolve(error === null ? { stdout } : { stdout, error });
    });
    // A helper that ends without reading is its own affair.
    child.stdin?.on('error', () => undefined).end(`${server}\n`);
  });
}

function describe(error: Error): string {
  if ('killed' in error && error.killed === true) return 'it did not end in time';
  if ('code' in error && error.code === 'ENOENT') return 'there is no such program on the PATH';
  return 'code' in error && typeof error.code === 'number' ? `it ended with ${error.code}` : 'it failed';
}

function credentialOf(stdout: string): Credential | undefined {
  let tree: unknown;
  try {
    tree = readJson(Buffer.from(stdout, 'utf8'), LIMITS);
  } catch {
    return undefined;
  }
  if (!(tree instanceof Map)) return undefined;
  const username = (tree as JsonObject).get('Username');
  const secret = (tree as JsonObject).get('Secret');
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'identity', username: '', token: secret }
    : { kind: 'basic', username, password: secret };
}

function failed(program: string, server: string, why: string): TufgateError {
  return new TufgateError(
    'upstream.unauthorized',
    `${program} gave no credentials for ${server}: ${why}; run \`echo ${server} | ${program} get\` by hand`,
  );
}

function fail(program: string, server: string, why: string): never {
  throw failed(program, server, why);
}
