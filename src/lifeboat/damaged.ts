import { TufgateError } from '../errors.ts';

/** @param what of the archive is not as it was written, and why that is seen */
export function damaged(what: string, cause?: unknown): TufgateError {
  const advice = 'restore it from a copy, or leave this one collection out';
  return new TufgateError('archive.damaged', `${what}: its bytes are not those that were written; ${advice}`, {
    cause,
  });
}
