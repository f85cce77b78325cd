import { type Decision, UNASKED } from '../policy/decision.ts';
import type { DamageEvent } from './blob/request.ts';

/** The record of a damaged cached blob. Who pulls it meanwhile gets a fresh one: so it has no client. */
export function damageRecord({ digest, origin = '', message }: DamageEvent, at: number): Decision {
  return {
    ...UNASKED,
    at,
    event: 'integrity',
    request: 'blob',
    repository: origin,
    asked: digest,
    reason: 'integrity.digest',
    message,
    digest,
  };
}
