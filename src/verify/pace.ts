/**
 * Says when gathered bytes should go on although the buffer is not full. CRI-O gives up after ten seconds without
 * progress, so a slow upstream must not fill large buffers first. Asked on arrival of bytes, it needs no timer.
 */
export class Pace {
  readonly #now: () => number;
  readonly #everyMs: number;
  #last: number;

  /** @param now epoch milliseconds */
  constructor(now: () => number, everyMs = 100, last = now()) {
    this.#now = now;
    this.#everyMs = everyMs;
    this.#last = last;
  }

  /** The very first bytes are due whenever they come: a client waits for them. */
  static firstAtOnce(now: () => number): Pace {
    return new Pace(now, undefined, -Infinity);
  }

  due(): boolean {
    const at = this.#now();
    if (Math.abs(at - this.#last) < this.#everyMs) return false;
    this.#last = at;
    return true;
  }
}
