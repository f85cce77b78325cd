import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import type { Pinned } from '../cache/fs/evictor.ts';
import { type FsBlobStore, openFsBlobStore } from '../cache/fs/fs-blob-store.ts';
import type { FsBlobStoreOptions } from '../cache/fs/options.ts';
import type { Config } from '../config/config.ts';
import type { Digest } from '../oci/digest.ts';
import { MAX_DEPTH } from '../oci/manifest.ts';
import type { ClosureStore } from '../state/store.ts';
import type { Logger } from '../telemetry/logger.ts';

/** @param now epoch milliseconds */
export async function openCache(
  config: Config,
  closure: ClosureStore,
  now: () => number,
  log: Logger,
): Promise<FsBlobStore> {
  const onTrouble = (message: string): void => log.warn({}, message);
  const onDamage = (digest: Digest): void =>
    log.error(
      { digest },
      'a cached blob has another length than it had when it was verified: it is set apart, and fetched again',
    );
  return await openFsBlobStore({ ...cacheOptions(config, closure, now, onTrouble), onDamage });
}

export function cacheOptions(
  { data, cache }: Config,
  closure: Pick<ClosureStore, 'tagsAbove'> | undefined,
  now: () => number,
  onTrouble: (message: string) => void,
): FsBlobStoreOptions {
  const { maxBytes, lowWaterBytes, pin } = cache;
  const pinned = pin === 'current' && closure !== undefined ? currentPins(closure) : undefined;
  return { directory: join(data, 'cache'), maxBytes, lowWaterBytes, now, onTrouble, ...(pinned && { pinned }) };
}

/**
 * Pinned is what the digest that was given out last for some tag, and verified then, is made of: who pulls that tag again needs it. What
 * is signed but was never pulled is not cached; what was superseded may go.
 */
function currentPins(closure: Pick<ClosureStore, 'tagsAbove'>): Pinned {
  return async (digests) => {
    const pinned = new Set<Digest>();
    for (const digest of digests) {
      if ((await closure.tagsAbove(digest, MAX_DEPTH, 'verified', 1)).length > 0) pinned.add(digest);
      // Under a base layer there may hang thousands of images.
      await setImmediate();
    }
    return pinned;
  };
}
