import { TufgateError } from '../errors.ts';

const DOWN: ReadonlySet<unknown> = new Set([undefined, 429, 502, 503, 504]);

/**
 * Is the server itself out of reach? Then the next collection fares no better. A 500 or a 401 is its answer about one
 * collection: Notary gives the first where a root certificate has ended and it can sign no timestamp, Docker Hub the
 * second for private repositories.
 */
export function isDown(error: unknown): boolean {
  if (!(error instanceof TufgateError) || error.code !== 'trust.unreachable') return false;
  return error.detail['alarm'] !== true && DOWN.has(error.detail['status']);
}
