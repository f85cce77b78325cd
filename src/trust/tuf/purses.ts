import type { Steps } from './path-pattern.ts';

/**
 * What one look at many names may cost, for each payer. The attack: thousands of names, and for each thousands of patterns
 * that nearly match, or a single pattern and a name of a hundred thousand characters each, keep the thread for minutes. So
 * there is an end to it, and it is the end for those alone who made it cost: honest delegators need a few comparisons a name.
 */
export class Purses {
  readonly #most: number;
  readonly #spent = new Map<string, number>();

  /** @param most in characters compared */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns what comes of the work; undefined when the payer has nothing left for it */
  pay(payer: string, work: (steps: Steps) => boolean): boolean | undefined {
    let spent = this.spentBy(payer);
    if (spent > this.#most) return undefined;
    const spend = (count: number): void => {
      spent += count;
      if (spent > this.#most) throw SPENT;
    };
    try {
      return work({ spend });
    } catch (error) {
      if (error !== SPENT) throw error;
      return undefined;
    } finally {
      this.#spent.set(payer, spent);
    }
  }

  spentBy(payer: string): number {
    return this.#spent.get(payer) ?? 0;
  }

  /** Of several who could pay, the one who has spent least: nobody pays for what another makes of his role. */
  richest(payers: readonly string[]): string | undefined {
    let best = payers[0];
    for (const each of payers) if (best !== undefined && this.spentBy(each) < this.spentBy(best)) best = each;
    return best;
  }
}

const SPENT = new Error('nothing is left to spend');
