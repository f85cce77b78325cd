import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { TufgateError } from '../errors.ts';

/**
 * For commands that only look: a slip in `data` must not make a folder, and then report that all is well in it.
 * @throws upstream.not-found
 */
export function requireState({ data }: Pick<Config, 'data'>): void {
  const file = join(data, 'tufgate.db');
  if (existsSync(file)) return;
  const why = 'no gate and no "tufgate resolve" has run with this configuration yet, or its `data` is another folder';
  throw new TufgateError('upstream.not-found', `nothing is stored: there is no database ${file}; ${why}`);
}
