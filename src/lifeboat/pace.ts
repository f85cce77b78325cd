import { TufgateError } from '../errors.ts';
import { retryAfterSeconds } from '../upstream/rate-limit.ts';

/** Time as a run knows it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds of a clock that nobody sets: what was waited for has passed, whatever the machine's clock does. */
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

export interface PaceOptions {
  readonly clock: Clock;
  /** Between two collections that begin, milliseconds. */
  readonly pauseMs: number;
  /** Told when the server makes everybody wait, seconds. */
  readonly onWait?: (seconds: number, why: string) => void;
}

/** No server that wants to be left alone for longer than this is waited for: the run can be begun again then. */
const LONGEST_MS = 600_000;

/**
 * One server's patience with us, shared by all that ask it at once: when it says to wait, everybody waits; and collections
 * begin one after the other, with a pause between.
 */
export class Pace {
  private readonly options: PaceOptions;
  private resumeAt = Number.NEGATIVE_INFINITY;
  private nextAt = Number.NEGATIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.options = options;
  }

  /** For what servers say in instants, epoch milliseconds. */
  now(): number {
    return this.options.clock.now();
  }

  /** Resolves when the next collection may begin. */
  async collection(): Promise<void> {
    const { clock, pauseMs } = this.options;
    const begin = Math.max(clock.elapsed(), this.nextAt);
    this.nextAt = begin + pauseMs;
    await this.until(begin);
  }

  /** Resolves when the server may be asked. */
  async request(): Promise<void> {
    // Somebody may have been told to wait on while we waited.
    while (this.options.clock.elapsed() < this.resumeAt) await this.until(this.resumeAt);
  }

  /** Everybody waits. @returns false, and nobody does, when that is longer than anybody should */
  hold(ms: number, why: string): boolean {
    if (ms > LONGEST_MS) return false;
    const until = this.options.clock.elapsed() + ms;
    if (until > this.resumeAt) {
      this.resumeAt = until;
      this.options.onWait?.(Math.ceil(ms / 1_000), why);
    }
    return true;
  }

  private async until(instant: number): Promise<void> {
    const { clock } = this.options;
    const rest = instant - clock.elapsed();
    if (rest > 0) await clock.sleep(rest);
  }
}

/** Milliseconds that the server asks for, or twice as many each time where it does not say: 1, 2, 4, … 60 seconds. */
export function waitFor(attempt: number, retryAfter: string | undefined, now: number): number {
  if (retryAfter !== undefined) return retryAfterSeconds(retryAfter, now) * 1_000;
  return Math.min(2 ** attempt, 60) * 1_000;
}

/** What the token server of a peer said, when it limits us. */
export function retryAfterOf(error: unknown): string | undefined {
  const seconds = error instanceof TufgateError ? error.detail['retryAfter'] : undefined;
  return typeof seconds === 'number' ? String(seconds) : undefined;
}
