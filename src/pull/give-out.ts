import type { ClosureStore, GivenOut, TrustStore } from '../state/store.ts';

/** Stands in for the tag of a digest that was let through without one. */
export const NO_TAG = '';

/**
 * Remembers which digests were given out for which tags, so that a pull in flight ends after its tag moved. A daemon
 * asks for the same tag again and again: what the database learnt less than a minute ago is not written again.
 */
const EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;
/** A note that could not be renewed is tried again after so long. */
const RETRY_MS = 5_000;

export class GivenOutMemory {
  private readonly state: ClosureStore & Pick<TrustStore, 'raiseClock'>;
  private readonly failed: (error: unknown) => void;
  private readonly written = new Map<string, number>();
  /** By repository and tag, what was written last. */
  private readonly newest = new Map<string, string>();

  /** @param failed told when a note could not be renewed */
  constructor(
    state: ClosureStore & Pick<TrustStore, 'raiseClock'>,
    failed: (error: unknown) => void = () => undefined,
  ) {
    this.state = state;
    this.failed = failed;
  }

  /**
   * A disk that is full must not end the pulls of what is known. What cannot be renewed is served all the same: the older a note, the
   * less it covers later. One that says anything new must be written first.
   * @returns with which `given.at` the same would be written again
   * @param now epoch milliseconds. It is stored first: a clock that is set back must not date a later removal before this.
   * @throws state.failed when something new cannot be noted
   */
  async remember(given: GivenOut, now: number): Promise<number> {
    const place = [given.repository, given.tag].join('\n');
    const key = [place, given.digest, given.verified, given.basis].join('\n');
    const last = this.written.get(key);
    if (last !== undefined && given.at - last < EVERY_MS) return last + EVERY_MS;
    try {
      await this.state.raiseClock(now);
      await this.state.giveOut(given);
    } catch (error) {
      if (this.newest.get(place) !== key) throw error;
      this.failed(error);
      return given.at + RETRY_MS;
    }
    this.note(place, key, given.at);
    return given.at + EVERY_MS;
  }

  private note(place: string, key: string, at: number): void {
    if (this.written.size >= MAX_REMEMBERED) {
      this.written.clear();
      this.newest.clear();
    }
    this.written.set(key, at);
    this.newest.set(place, key);
  }
}
