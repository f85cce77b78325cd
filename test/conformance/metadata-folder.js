import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A store that also lays what it was told to keep into a folder, as received: newest root, and the floor of each role. */
export function writeFolder(store, folder) {
  const fileOf = (role) => join(folder, `${encodeURIComponent(role)}.json`);
  return {
    loadTrust: (collection) => store.loadTrust(collection),
    raiseClock: (now) => store.raiseClock(now),
    async advanceTrust(collection, from, step, at) {
      const result = await store.advanceTrust(collection, from, step, at);
      if (result === 'conflict') return result;
      for (const role of step.forget ?? []) rmSync(fileOf(role), { force: true });
      for (const { role, bytes } of [...(step.roots ?? []), ...(step.floors ?? [])]) writeFileSync(fileOf(role), bytes);
      return result;
    },
  };
}
