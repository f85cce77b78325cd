const WINDOW_MS = 60_000;
const LEAST_BYTES = 64 * 1024;
/** No single wait counts for more: silence has a deadline of its own, and a clock that jumps is no slow upstream. */
const LONGEST_WAIT_MS = 15_000;

/**
 * Whether a connection is worth holding. An upstream that sends a byte a second is never silent, and would keep a fetch,
 * its temporary file and one of the connections for days: less than 64 KiB in a minute of waiting counts as broken.
 *
 * Only the time that we waited for the upstream counts: a slow disk, or a client past the cache, is not its fault.
 */
export class Drip {
  #waited = 0;
  #bytes = 0;

  /** @param waitedMs for these bytes @returns true when it is too slow */
  arrived(bytes: number, waitedMs: number): boolean {
    this.#waited += Math.min(Math.max(waitedMs, 0), LONGEST_WAIT_MS);
    this.#bytes += bytes;
    if (this.#waited < WINDOW_MS) return false;
    const slow = this.#bytes < LEAST_BYTES;
    this.#waited = 0;
    this.#bytes = 0;
    return slow;
  }
}
