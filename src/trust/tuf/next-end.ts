import type { View } from './view.ts';

/**
 * Until when time alone changes nothing about one name in this view: the first instant after `now` at which any of its files
 * expires, or any role's approval of the name ends. Also of roles that the answer does not seem to rest on: one of them may be
 * why it is not another answer.
 *
 * @param now when the answer was found, epoch milliseconds
 */
export function nextEnd({ root, timestamp, snapshot, targets }: View, name: string, now: number): number {
  let first = Number.POSITIVE_INFINITY;
  const ends = (at: number | undefined): void => {
    if (at !== undefined && at > now && at < first) first = at;
  };
  for (const { model } of [root, timestamp, snapshot]) ends(model.expires);
  for (const { model } of targets.values()) {
    ends(model.expires);
    ends(model.targets.get(name)?.until);
  }
  return first;
}
