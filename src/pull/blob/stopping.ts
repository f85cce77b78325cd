import { TufgateError } from '../../errors.ts';

/** What those are told whose work is broken off because the gate ends. */
export function stopping(): TufgateError {
  return new TufgateError('upstream.unreachable', 'tufgate is stopping: pull again');
}
