import { TufgateError } from '../errors.ts';
import { failure } from './failure.ts';

/** The time one request may take in all, and its caller's wish to stop, as one signal. Call `end` when it is over. */
export class Deadline {
  readonly signal: AbortSignal;
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
    if (!this.expired) return failure(peer, what, error);
    return new TufgateError('upstream.unreachable', `${peer}: ${what}: not answered within ${this.ms} ms`, {
      cause: error,
      detail: { peer },
    });
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
