import type { ClosureStore, GivenOut, TrustStore } from '../state/store.ts';

/** Stands in for the tag of a digest that was let through without one. */
export const NO_TAG = '';

/**
 * Remembers which digests were given out for which tags, so that a pull in flight ends after its tag moved. A daemon
 * asks for the same tag again and again: what the database learnt less than a minute ago is not written again.
 */
const EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;

export class GivenOutMemory {
  private readonly state: ClosureStore & Pick<TrustStore, 'raiseClock'>;
  private readonly written = new Map<string, number>();

  constructor(state: ClosureStore & Pick<TrustStore, 'raiseClock'>) {
    this.state = state;
  }

  /**
   * @returns with which `given.at` the same would be written again
   * @param now epoch milliseconds. It is stored first: a clock that is set back must not date a later removal before this.
   */
  async remember(given: GivenOut, now: number): Promise<number> {
    const key = [given.repository, given.tag, given.digest, given.verified, given.basis].join('\n');
    const last = this.written.get(key);
    if (last !== undefined && given.at - last < EVERY_MS) return last + EVERY_MS;
    await this.state.raiseClock(now);
    await this.state.giveOut(given);
    if (this.written.size >= MAX_REMEMBERED) this.written.clear();
    this.written.set(key, given.at);
    return given.at + EVERY_MS;
  }
}
