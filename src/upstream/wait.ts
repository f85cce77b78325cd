/**
 * A time during which somebody is left alone. A clock that is set back starts it anew and no more than that: otherwise
 * a jump of a year would be a silence of a year. One that is set forward ends it early, which costs one question.
 */
export class Wait {
  #from: number;
  readonly #ms: number;

  /** @param now epoch milliseconds */
  constructor(ms: number, now: number) {
    this.#ms = ms;
    this.#from = now;
  }

  /** Milliseconds that are left of it; 0 when it is over. */
  left(now: number): number {
    this.#from = Math.min(this.#from, now);
    return Math.max(0, this.#from + this.#ms - now);
  }
}
