import { TufgateError } from '../errors.ts';
import { failure } from './failure.ts';

/** The time one request may take in all, and its caller's wish to stop, as one signal. Call `end` when it is over. */
export class Deadline {
  readonly signal: AbortSignal;
  /** Set once a redirect has left the configured origin: what fails from then on is not the peer's own failure. */
  foreign = false;
  private readonly ms: number;
  private readonly outer: AbortSignal | undefined;
  private readonly timer: NodeJS.Timeout;
  private expired = false;

  constructor(ms: number, outer?: AbortSignal) {
    const controller = new AbortController();
    this.ms = ms;
    this.outer = outer;
    this.signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
    this.timer = setTimeout(() => {
      this.expired = true;
      controller.abort();
    }, ms);
  }

  /** Waits for work that is shared with others, and so is not stopped when this request is. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let stop: (() => void) | undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      if (stop !== undefined) signal.removeEventListener('abort', stop);
    }
  }

  /** What to throw for `error`: the caller's own reason, the end of our patience, or what went wrong. */
  explain(peer: string, what: string, error: unknown): unknown {
    if (this.outer?.aborted === true) return this.outer.reason;
    const found = this.expired ? this.late(peer, what, error) : failure(peer, what, error);
    if (!this.foreign) return found;
    return new TufgateError(found.code, found.message, { cause: found, detail: { ...found.detail, foreign: true } });
  }

  private late(peer: string, what: string, cause: unknown): TufgateError {
    const message = `${peer}: ${what}: not answered within ${this.ms} ms`;
    return new TufgateError('upstream.unreachable', message, { cause, detail: { peer } });
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
