/**
 * Says when gathered bytes should go on although the buffer is not full. CRI-O gives up after ten seconds without
 * progress, so a slow upstream must not fill large buffers first. Asked on arrival of bytes, it needs no timer.
 */
export class Pace {
  readonly #now: () => number;
  readonly #everyMs: number;
  #last: number;

  /** @param now epoch milliseconds @param last -Infinity: the very first bytes go on at once */
  constructor(now: () => number, everyMs = 100, last = now()) {
    this.#now = now;
    this.#everyMs = everyMs;
    this.#last = last;
  }

  due(): boolean {
    const at = this.#now();
    if (Math.abs(at - this.#last) < this.#everyMs) return false;
    this.#last = at;
    return true;
  }
}
