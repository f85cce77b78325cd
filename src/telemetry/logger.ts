import pino from 'pino';
import pretty from 'pino-pretty';
import { codeOf, messageOf, TufgateError } from '../errors.ts';

/**
 * The structured log. Secrets never reach it: members named like credentials are removed at any of the first levels,
 * and addresses in error messages lose their user part and query (where tokens and presigned signatures travel).
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The same log, with these fields on every line. */
  child(fields: object): Logger;
}

const SECRETS = ['password', 'token', 'authorization', 'cookie', 'secret', 'auth'];
const redact = {
  paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `headers["${capital(name)}"]`]),
  censor: '[removed]',
};

/** @param destination stdout when absent */
export function createLogger(
  config: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'pretty' },
  destination?: NodeJS.WritableStream,
): Logger {
  const options: pino.LoggerOptions = {
    level: config.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorFacts, error: errorFacts },
    redact,
  };
  return config.format === 'json'
    ? pino(options, destination ?? pino.destination(1))
    : pino(options, pretty({ destination: destination ?? 1, sync: true, ...forPeople(destination ?? process.stdout) }));
}

function forPeople(destination: NodeJS.WritableStream): pretty.PrettyOptions {
  return { colorize: 'isTTY' in destination && destination.isTTY === true, translateTime: 'SYS:standard' };
}

/** Of ours: code and message. Of anything else the stack too, because it is a bug. Words are only words. */
function errorFacts(error: unknown): object | string {
  if (typeof error === 'string') return withoutSecrets(error);
  const facts = { code: codeOf(error), message: withoutSecrets(messageOf(error)) };
  if (!(error instanceof Error)) return facts;
  const cause = error.cause === undefined ? {} : { cause: withoutSecrets(messageOf(error.cause)) };
  if (error instanceof TufgateError) return { ...facts, detail: error.detail, ...cause };
  return { ...facts, stack: withoutSecrets(error.stack ?? ''), ...cause };
}

export function withoutSecrets(text: string): string {
  return text.replaceAll(
    /(\bhttps?:\/\/)(?:[^\s/@]*@)?([^\s?"'<>]*)(\?[^\s"'<>]*)?/gi,
    (_all, scheme, rest, query) => `${String(scheme)}${String(rest)}${query === undefined ? '' : '?…'}`,
  );
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
