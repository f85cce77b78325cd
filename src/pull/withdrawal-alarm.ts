import type { TufgateError } from '../errors.ts';
import { type Decision, UNASKED } from '../policy/decision.ts';
import type { Withdrawal } from '../state/store.ts';

/** The record of a withdrawal: nobody asked for anything, so it has no client. */
export function withdrawalAlarm({ source, repository, digest }: Withdrawal, why: TufgateError, at: number): Decision {
  return {
    ...UNASKED,
    at,
    event: 'alarm',
    request: 'manifest',
    source,
    repository,
    asked: digest,
    reason: 'trust.withdrawn',
    message: why.message,
    digest,
  };
}
