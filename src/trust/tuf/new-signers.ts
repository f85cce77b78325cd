import type { Authority } from './model.ts';
import type { View } from './view.ts';

/** Ids of the keys that may sign something in this view, and nothing in the one before: unexpected signing is seen here. */
export function newSigners(before: View, view: View): readonly string[] {
  const known = mayIn(before);
  return [...mayIn(view)].filter((keyId) => !known.has(keyId));
}

/** Of roles that were not loaded in both, nothing can be said. */
function mayIn({ root, targets }: View): ReadonlySet<string> {
  const { root: own, timestamp, snapshot, targets: top } = root.model;
  const delegated = [...targets.values()].flatMap(({ model }): readonly Authority[] =>
    model.bins === undefined ? model.delegations : [model.bins],
  );
  return new Set([own, timestamp, snapshot, top, ...delegated].flatMap(({ keys }) => keys.map(({ keyId }) => keyId)));
}
