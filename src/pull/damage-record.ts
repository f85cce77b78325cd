import type { Decision } from '../policy/decision.ts';
import type { DamageEvent } from './blob/request.ts';

/** The record of a damaged cached blob. Who pulls it meanwhile gets a fresh one: so it has no client. */
export function damageRecord({ digest, origin = '', message }: DamageEvent, at: number): Decision {
  return {
    at,
    event: 'integrity',
    client: { address: '', userAgent: '' },
    request: 'blob',
    method: '',
    repository: origin,
    asked: digest,
    verdict: 'deny',
    mode: 'enforce',
    wouldDeny: false,
    reason: 'integrity.digest',
    message,
    digest,
    sources: [],
  };
}
