import { readFileSync, statSync } from 'node:fs';
import { TufgateError } from '../errors.ts';
import type { Config } from './config.ts';
import type { Environment, WhyNotRoot } from './field.ts';
import { whyNot } from './file.ts';
import { parseConfig } from './schema.ts';

export const DEFAULT_FILE = 'config/tufgate.yaml';
const MAX_BYTES = 64 * 2 ** 20;

/** `--config FILE`, else TUFGATE_CONFIG, else `config/tufgate.yaml` below the working directory. */
export function configFile(option: string | undefined, env: Environment): string {
  const named = env['TUFGATE_CONFIG'];
  return option ?? (named === undefined || named === '' ? DEFAULT_FILE : named);
}

/**
 * Reads the file and every file it names. Synchronous: it happens once, before anything else does.
 * @throws config.invalid, with one line a mistake
 */
export function loadConfig(file: string, env: Environment, whyNotRoot?: WhyNotRoot): Config {
  return configOf(configText(file), file, env, whyNotRoot);
}

/** As `loadConfig`, of a text that does not stand in the file yet. */
export function configOf(text: string, file: string, env: Environment, whyNotRoot?: WhyNotRoot): Config {
  return parseConfig(text, file, readBounded, env, whyNotRoot);
}

/** @throws config.invalid */
export function configText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBounded(file));
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it is not UTF-8 text' : whyNot(cause);
    const fix = 'name another file with --config FILE or TUFGATE_CONFIG';
    throw new TufgateError('config.invalid', `cannot read the configuration ${file}: ${why} (or ${fix})`, { cause });
  }
}

/** Certificates, keys, root files: none of them is anywhere near the bound. Pipes and devices are never read. */
function readBounded(path: string): Uint8Array {
  const found = statSync(path);
  if (!found.isFile() && !found.isDirectory()) throw new Error('not a file');
  if (found.size > MAX_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  return readFileSync(path);
}
