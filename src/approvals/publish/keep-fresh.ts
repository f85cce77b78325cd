import { later, type Schedule } from '../../trust/patience.ts';

/**
 * Keeps a repository of approvals fresh while the gate runs: timestamp and snapshot are signed anew well before they end. What fails
 * is tried again, and told each time: other gates stop believing once the timestamp has ended.
 */
export interface KeepFreshOptions {
  /** @returns when it is due next, epoch milliseconds */
  readonly keepFresh: () => Promise<number | undefined>;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
}

const SOONEST_MS = 1_000;
const RETRY_MS = 60_000;
/** Clocks jump, and somebody else may publish: it is looked at now and then, whatever was said last. */
const LATEST_MS = 600_000;

export class KeepFresh {
  private readonly options: KeepFreshOptions;
  private readonly schedule: Schedule;
  private cancel: () => void = () => undefined;
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: KeepFreshOptions) {
    this.options = options;
    this.schedule = options.schedule ?? later;
  }

  /** The first look; its failure is told as any other. */
  async start(): Promise<void> {
    this.running = this.look();
    await this.running;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancel();
    await this.running;
  }

  private async look(): Promise<void> {
    const wait = await this.next();
    if (this.closed) return;
    this.cancel = this.schedule(() => void (this.running = this.look()), wait);
  }

  private async next(): Promise<number> {
    try {
      const due = await this.options.keepFresh();
      if (due === undefined) return RETRY_MS;
      return Math.min(LATEST_MS, Math.max(SOONEST_MS, due - this.options.now()));
    } catch (error) {
      this.options.onFailure(error);
      return RETRY_MS;
    }
  }
}
