import type { Authority } from './model.ts';
import type { View } from './view.ts';

/**
 * When the files end that a person must sign anew: root, `targets`, its delegations, and a snapshot that somebody holds
 * the key of. Epoch milliseconds, by role.
 *
 * Not the timestamp: a server signs it by itself, Notary's only once the old one has ended, so that it is near its end
 * means nothing. The same holds for a snapshot whose key the server has. No file says who has it; here it counts as a
 * person's where a key of root or targets may sign it too, and as the server's otherwise: a warning that comes every
 * time and means nothing is one that nobody reads.
 */
export function endsByPeople(view: View): ReadonlyMap<string, number> {
  const { root, snapshot, targets } = view;
  const ends = new Map<string, number>([['root', root.model.expires]]);
  if (share(root.model.snapshot, root.model.root) || share(root.model.snapshot, root.model.targets))
    ends.set('snapshot', snapshot.model.expires);
  for (const [role, { model }] of targets) ends.set(role, model.expires);
  return ends;
}

function share(one: Authority, other: Authority): boolean {
  const ids = new Set(other.keys.map(({ keyId }) => keyId));
  return one.keys.some(({ keyId }) => ids.has(keyId));
}
