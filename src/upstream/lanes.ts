/**
 * How many may be at something at once; the others wait, first come, first served. A blob holds a connection for as long
 * as its bytes take, a manifest for one answer: without lanes the blobs would take all connections of an upstream, and
 * every manifest wait behind a gigabyte.
 */
export class Lanes {
  readonly width: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(width: number) {
    this.width = width;
  }

  /**
   * Resolves when a lane is free.
   * @param signal ends the waiting: its reason is thrown
   * @returns gives the lane back; a second call does nothing
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.width) this.#taken += 1;
    else await this.#turn(signal);
    let left = false;
    return () => {
      if (!left) this.#leave();
      left = true;
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(goOn);
        reject(signal.reason as Error);
      };
      const goOn = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      this.#waiting.add(goOn);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the lane on: it is never free in between, so that nobody overtakes who waits. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/**
 * Of the connections of an upstream, how many blobs may have: seven of eight. With a single one nothing can be kept free.
 */
export function blobLanes(connections: number): Lanes {
  return new Lanes(Math.max(1, connections - Math.ceil(connections / 8)));
}
