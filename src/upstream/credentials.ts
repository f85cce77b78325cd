import { readFile, stat } from 'node:fs/promises';
import type { CredentialsConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { JsonError, type JsonObject } from '../json/read.ts';
import { askHelper } from './credential-helper.ts';
import { type Credential, findEntry, parseDockerConfig, serverOf } from './docker-config.ts';

/** Where a peer's credentials come from. Files are read again when they changed, so that rotation needs no restart. */
export interface Credentials {
  /**
   * @param path the repository: containers-style files may hold credentials for some only
   * @param fresh do not trust what was read before: the peer just refused it
   * @returns undefined for none: ask anonymously
   * @throws upstream.unauthorized when the configured place cannot be read
   */
  find(path: string, fresh: boolean): Promise<Credential | undefined>;
}

export interface CredentialsOptions {
  /** Of the peer's URL, with its port. */
  readonly host: string;
  /** For `password_env`, and handed down to helpers. */
  readonly env: NodeJS.ProcessEnv;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly helperTimeoutMs?: number;
}

const HELPER_LIFE_MS = 5 * 60_000;
// A burst of refusals must not start a burst of processes.
const HELPER_PAUSE_MS = 5_000;
const HELPER_TIMEOUT_MS = 10_000;
const MAX_FILE = 1024 * 1024;

export function createCredentials(config: CredentialsConfig | undefined, options: CredentialsOptions): Credentials {
  if (config === undefined) return { find: () => Promise.resolve(undefined) };
  const helpers = helperCache(options);
  switch (config.kind) {
    case 'password-env':
      return { find: () => Promise.resolve(fromEnvironment(config.username, config.variable, options.env)) };
    case 'password-file': {
      const file = cachedFile(config.file, (bytes) => bytes.toString('utf8').replace(/\r?\n$/, ''));
      return {
        find: async (_, fresh) => ({ kind: 'basic', username: config.username, password: await file(fresh) }),
      };
    }
    case 'helper':
      return { find: (_, fresh) => helpers(config.helper, serverOf(options.host), fresh) };
    case 'docker-config': {
      const file = cachedFile(config.file, dockerConfig(config.file));
      return {
        find: async (path, fresh) => {
          const entry = findEntry(await file(fresh), options.host, path);
          if (entry === undefined) return undefined;
          return 'credential' in entry ? entry.credential : helpers(entry.helper, entry.server, fresh);
        },
      };
    }
  }
}

function fromEnvironment(username: string, variable: string, env: NodeJS.ProcessEnv): Credential {
  const password = env[variable];
  if (password !== undefined && password !== '') return { kind: 'basic', username, password };
  throw new TufgateError('upstream.unauthorized', `the environment variable ${variable} (password_env) is not set`);
}

function dockerConfig(file: string): (bytes: Buffer) => JsonObject {
  return (bytes) => {
    try {
      return parseDockerConfig(bytes);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      throw new TufgateError('upstream.unauthorized', `${file} is not a docker config.json that can be read`);
    }
  };
}

/** Reads a file when its inode, size or time changed (Kubernetes swaps symlinks), or when `fresh` is asked for. */
function cachedFile<T>(file: string, parse: (bytes: Buffer) => T): (fresh: boolean) => Promise<T> {
  let known: { readonly mark: string; readonly value: T } | undefined;
  return async (fresh) => {
    try {
      const { ino, size, mtimeMs } = await stat(file);
      const mark = `${ino} ${size} ${mtimeMs}`;
      if (!fresh && known?.mark === mark) return known.value;
      if (size > MAX_FILE) throw new TufgateError('upstream.unauthorized', `${file} is too large to hold credentials`);
      known = { mark, value: parse(await readFile(file)) };
      return known.value;
    } catch (error) {
      if (error instanceof TufgateError) throw error;
      const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new TufgateError('upstream.unauthorized', `the credentials file ${file} cannot be read: ${why}`);
    }
  };
}

/** A helper takes a process and often a call to a cloud: its answer is kept for five minutes, and asked for once. */
function helperCache(
  options: CredentialsOptions,
): (helper: string, server: string, fresh: boolean) => Promise<Credential | undefined> {
  const known = new Map<string, { readonly at: number; readonly answer: Promise<Credential | undefined> }>();
  return (helper, server, fresh) => {
    const key = `${helper} ${server}`;
    const now = options.clock();
    const kept = known.get(key);
    if (kept !== undefined && now - kept.at < (fresh ? HELPER_PAUSE_MS : HELPER_LIFE_MS)) return kept.answer;
    const timeoutMs = options.helperTimeoutMs ?? HELPER_TIMEOUT_MS;
    const answer = askHelper(helper, server, { env: options.env, timeoutMs });
    known.set(key, { at: now, answer });
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key);
    });
    return answer;
  };
}
