import { TufgateError } from '../errors.ts';
import { Wait } from './wait.ts';

const DEFAULT_S = 60;
/** Docker Hub counts pulls over so long, the longest that a well-known registry asks for. */
const MAX_S = 6 * 3600;

/**
 * The most that a storage host may ask for. Only the blobs that it holds are its own, and other repositories of the
 * upstream may be stored elsewhere: one that says six hours, by mistake or because somebody's repository redirects to a
 * host of theirs, must not stop the blobs of all. Within a minute an honest one is asked once.
 */
export const FOREIGN_MAX_S = 60;

/**
 * A server that says a year, by mistake or to be rid of us for good, is asked again after the longest time that an honest
 * one needs: each question costs it little, and a gate that waits on needs a person to notice.
 * @param mostS for who may not ask for so long, seconds
 * @returns whole seconds, at least 1, at most six hours; one minute when the header says nothing
 */
export function retryAfterSeconds(header: string | undefined, nowMs: number, mostS = MAX_S): number {
  const text = header?.trim() ?? '';
  const date = /^\d+$/.test(text) ? NaN : Date.parse(text);
  const seconds = Number.isNaN(date) ? Number(text === '' ? NaN : text) : Math.ceil((date - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), mostS) : DEFAULT_S;
}

/**
 * Once a server said 429 it is left alone until the time it named. Asking on would cost the quota of everybody behind
 * this address, and on Docker Hub start the limit anew.
 */
export interface RateLimit {
  /** @throws upstream.rate-limited while it lasts */
  check(what: string): void;
  /** Begins it. @param mostS the longest that it may last, seconds; six hours when absent @returns what to throw */
  hit(what: string, retryAfter: string | undefined, mostS?: number): TufgateError;
}

/** @param who begins the message @param clock epoch milliseconds; may jump */
export function createRateLimit(who: string, clock: () => number): RateLimit {
  let wait = new Wait(0, clock());
  const limited = (what: string): TufgateError => {
    const retryAfter = Math.max(1, Math.ceil(wait.left(clock()) / 1000));
    const message =
      `${who} limits the rate of requests (429): ${what} is not asked for again for ${retryAfter} s; ` +
      `what is cached is served meanwhile. Wait, or give it credentials with a higher limit`;
    return new TufgateError('upstream.rate-limited', message, { detail: { upstream: who, retryAfter, status: 429 } });
  };
  return {
    check(what) {
      if (wait.left(clock()) > 0) throw limited(what);
    },
    hit(what, retryAfter, mostS) {
      const ms = retryAfterSeconds(retryAfter, clock(), mostS) * 1000;
      if (ms > wait.left(clock())) wait = new Wait(ms, clock());
      return limited(what);
    },
  };
}
