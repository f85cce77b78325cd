import { readFileSync } from 'node:fs';

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Of the package, as `--version` prints it. */
export const VERSION = String((manifest as { version?: unknown }).version);
