/**
 * Time as the trust core sees it. It never goes back: what expired stays expired, whatever is done to the machine's clock.
 *
 * Nor does it stand still where the machine's clock was set back, or had once run ahead: then nothing would grow old any
 * more, no view would be asked for again, and a revocation not be seen, for days. It goes on at half its pace until the
 * machine has caught up, as clocks are slewed that must not jump.
 *
 * @param highest the highest instant that was ever seen, epoch milliseconds
 * @param machine epoch milliseconds; may jump
 * @param elapsed milliseconds of a clock that never jumps, from any beginning
 * @returns whole epoch milliseconds
 */
export function forwardClock(highest: number, machine: () => number, elapsed: () => number): () => number {
  let at = Math.max(highest, machine());
  let last = elapsed();
  return () => {
    const passed = elapsed() - last;
    last += passed;
    at = Math.max(machine(), at + passed / 2);
    return Math.floor(at);
  };
}
