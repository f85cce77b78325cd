/** Works on a few at a time, and gives the results in the order of the items. Ends with the first that fails. */
export async function* inOrder<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const begin = (item: T): void => {
    const begun = work(item);
    begun.catch(() => undefined); // told when its turn comes, or not at all when an earlier one failed
    running.push(begun);
  };
  for (const item of items.slice(0, width)) begin(item);
  for (let next = width; ; next++) {
    const first = running.shift();
    if (first === undefined) return;
    yield await first;
    const item = items[next];
    if (item !== undefined) begin(item);
  }
}
