import { TufgateError } from '../errors.ts';

const DEFAULT_S = 60;
const MAX_S = 6 * 3600;

/** @returns whole seconds, at least 1, at most six hours (Docker Hub's window); one minute when the header says nothing */
export function retryAfterSeconds(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? '';
  const date = /^\d+$/.test(text) ? NaN : Date.parse(text);
  const seconds = Number.isNaN(date) ? Number(text === '' ? NaN : text) : Math.ceil((date - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), MAX_S) : DEFAULT_S;
}

/**
 * A circuit: once an upstream said 429 it is left alone until the time it named. Asking on would cost the quota of
 * everybody behind this address, and on Docker Hub start the limit anew.
 */
export interface RateLimit {
  /** @throws upstream.rate-limited while the circuit is open */
  check(what: string): void;
  /** Opens the circuit. @returns what to throw */
  hit(what: string, retryAfter: string | undefined): TufgateError;
}

export function createRateLimit(upstream: string, clock: () => number): RateLimit {
  let until = 0;
  const limited = (what: string): TufgateError => {
    const retryAfter = Math.max(1, Math.ceil((until - clock()) / 1000));
    const message =
      `${upstream} limits the rate of requests (429): ${what} is not asked for again for ${retryAfter} s; ` +
      `wait, or give it credentials with a higher limit`;
    return new TufgateError('upstream.rate-limited', message, { detail: { upstream, retryAfter, status: 429 } });
  };
  return {
    check(what) {
      if (clock() < until) throw limited(what);
    },
    hit(what, retryAfter) {
      until = Math.max(until, clock() + retryAfterSeconds(retryAfter, clock()) * 1000);
      return limited(what);
    },
  };
}
