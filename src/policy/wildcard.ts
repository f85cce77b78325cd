/**
 * Wildcards without regular expressions: the text between two stars is looked for from the left, once. A leftmost find
 * leaves the most room for what follows, so nothing is ever tried twice and no pattern can be slow.
 */

/** `text` against the pieces that stood between the stars of a pattern: `a*b` is `['a', 'b']`. A star may be empty. */
export function matchesText(pieces: readonly string[], text: string): boolean {
  const [first = '', ...rest] = pieces;
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** One segment of a pattern, split at its stars. */
export type SegmentPattern = readonly string[];

/** The same one level up: runs of segments between `**`, each of which stands for one or more segments. */
export function matchesSegments(runs: readonly (readonly SegmentPattern[])[], segments: readonly string[]): boolean {
  const [first = [], ...rest] = runs;
  if (rest.length === 0) return segments.length === first.length && runAt(first, segments, 0);
  if (!runAt(first, segments, 0)) return false;
  const last = rest.pop() ?? [];
  let at = first.length;
  for (const run of rest) {
    const found = segments.findIndex((_, i) => i > at && runAt(run, segments, i));
    if (found === -1) return false;
    at = found + run.length;
  }
  const tail = segments.length - last.length;
  return tail >= at + 1 && runAt(last, segments, tail);
}

function runAt(run: readonly SegmentPattern[], segments: readonly string[], at: number): boolean {
  return run.every((pattern, i) => {
    const segment = segments[at + i];
    return segment !== undefined && matchesText(pattern, segment);
  });
}
