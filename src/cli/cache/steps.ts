import type { Output } from '../output.ts';

/** Off a terminal, so many lines for the whole of it. */
const LINES = 10;

/**
 * Tells how far long work has come: on a terminal in one line that changes, elsewhere in a line for each tenth.
 * @param words of what is done
 */
export function steps(out: Output, total: number, words: (done: number) => string): (done: number) => void {
  let told = 0;
  return (done) => {
    if (out.terminal) {
      out.progress(words(done));
      return;
    }
    const tenth = Math.floor((done / Math.max(total, 1)) * LINES);
    if (tenth <= told || tenth >= LINES) return;
    told = tenth;
    out.message(words(done));
  };
}
