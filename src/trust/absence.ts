import { TufgateError } from '../errors.ts';
import type { Collection } from '../state/store.ts';

/** The source has no such collection, and never had as far as is known. */
export function unsigned({ source, gun }: Collection): TufgateError {
  return new TufgateError('trust.unsigned', `${source} has no trust data for ${gun}: nobody trusted has signed it`);
}

/** It had, and has no more. */
export function withdrawn({ source, gun }: Collection): TufgateError {
  const advice =
    'ask its publisher whether it was deleted on purpose; if it was made anew, pin its new root, and "tufgate trust forget" it';
  return new TufgateError(
    'trust.withdrawn',
    `${source} no longer has the trust data of ${gun} that it had before: ${advice}`,
  );
}

/** TUF 1.0: one repository for all images is not withdrawn: its address is wrong, or its web server is. */
export function noTimestamp({ source }: Collection): TufgateError {
  const what = `${source} has no timestamp.json: check its url, and that the repository was published`;
  return new TufgateError('trust.unreachable', what, { detail: { alarm: true } });
}
