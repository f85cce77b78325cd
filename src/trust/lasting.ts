/**
 * Answers that may be given again. Whoever gives one knows all that it rests on, and says with it how to see that nothing of
 * that has changed; whoever keeps it asks each time, and asks anew when it does not hold any more.
 *
 * Guarantees: synchronous, so that nothing happens between the look and the answer; in doubt it does not hold. It hangs on this one
 * object: an answer that was changed, put together with others, or sent to another thread is another object, and nobody
 * vouches for that unless he says so anew. A member of the answer was rejected: it would be copied along by every `{...answer}`.
 */
export type Holds = () => boolean;

const vouched = new WeakMap<object, Holds>();

/**
 * @param holds nobody vouches when undefined, whoever did so before
 * @returns a copy: the one handed in may be a constant that others hand out too, or have been vouched for by less
 */
export function lasting<T extends object>(answer: T, holds: Holds | undefined): T {
  const copy = { ...answer };
  if (holds !== undefined) vouched.set(copy, holds);
  return copy;
}

/** Undefined: it may be given once. */
export function holdsOf(answer: object): Holds | undefined {
  return vouched.get(answer);
}

/** What rests on all of these; undefined where nobody vouches for one of them. */
export function allHold(all: readonly (Holds | undefined)[]): Holds | undefined {
  const known = all.filter((each) => each !== undefined);
  if (known.length < all.length) return undefined;
  const [only] = known;
  return known.length === 1 ? only : () => known.every((holds) => holds());
}
