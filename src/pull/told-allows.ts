import type { Decision } from '../policy/decision.ts';
import type { Schedule } from './decision-log.ts';

export interface ToldAllowsOptions {
  /** Writes one line. @param count how many pulls it stands for */
  readonly tell: (decision: Decision, count: number) => void;
  readonly schedule: Schedule;
}

interface Pending {
  /** The last of those that were not told yet. */
  decision: Decision;
  count: number;
}

const EVERY_MS = 200;
const MAX_PENDING = 10_000;

/**
 * Allowed pulls, for the structured log: each has its line at once; equal ones that follow within a fifth of a second are told
 * together, with their count, so that the log of a tag that is pulled thousands of times a second is five lines of it.
 *
 * Nothing is left out: the counts add up. A crash takes what was not told yet, as it takes what was not stored. Denials never come here.
 */
export class ToldAllows {
  readonly #options: ToldAllowsOptions;
  readonly #pending = new Map<string, Pending>();
  #cancel: (() => void) | undefined;

  constructor(options: ToldAllowsOptions) {
    this.#options = options;
  }

  /** @param key equal for decisions that may share a line */
  note(key: string, decision: Decision): void {
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      pending.decision = decision;
      pending.count++;
      return;
    }
    this.#options.tell(decision, 1);
    if (this.#pending.size >= MAX_PENDING) return;
    this.#pending.set(key, { decision, count: 0 });
    this.#cancel ??= this.#options.schedule(() => this.flush(), EVERY_MS);
  }

  /** Tells what was not told yet. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [key, pending] of this.#pending) {
      if (pending.count === 0) this.#pending.delete(key);
      else this.#options.tell(pending.decision, pending.count);
      pending.count = 0;
    }
    if (this.#pending.size > 0) this.#cancel = this.#options.schedule(() => this.flush(), EVERY_MS);
  }

  /** For good. */
  close(): void {
    this.flush();
    this.#cancel?.();
  }
}
