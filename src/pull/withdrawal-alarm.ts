import type { TufgateError } from '../errors.ts';
import type { Decision } from '../policy/decision.ts';
import type { Withdrawal } from '../state/store.ts';

/** The record of a withdrawal: nobody asked for anything, so it has no client. */
export function withdrawalAlarm({ source, repository, digest }: Withdrawal, why: TufgateError, at: number): Decision {
  return {
    at,
    event: 'alarm',
    client: { address: '', userAgent: '' },
    request: 'manifest',
    method: '',
    source,
    repository,
    asked: digest,
    verdict: 'deny',
    mode: 'enforce',
    wouldDeny: false,
    reason: 'trust.withdrawn',
    message: why.message,
    digest,
    sources: [],
  };
}
