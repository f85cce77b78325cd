import type { TrustSourceConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { parseImageName, type Repository } from '../oci/reference.ts';
import type { Collection, TrustStore } from '../state/store.ts';
import { collectionFor } from '../trust/collection-name.ts';

/**
 * The stored collections that go by this name: an image name without tag, or a GUN as `trust list` shows it.
 * @param source only of this one
 * @throws upstream.not-found
 */
export async function storedOf(
  store: TrustStore,
  sources: ReadonlyMap<string, TrustSourceConfig>,
  repository: string,
  source?: string,
): Promise<readonly Collection[]> {
  const image = imageCalled(repository);
  const stored = await store.listTrust();
  const mine = stored.filter((each) => {
    const config = sources.get(each.source);
    const called = image !== undefined && config !== undefined && each.gun === collectionFor(config, image);
    return (source === undefined || each.source === source) && (each.gun === repository || called);
  });
  if (mine.length > 0) return mine;
  const where = source === undefined ? '' : ` from ${source}`;
  throw new TufgateError(
    'upstream.not-found',
    `no trust data of ${repository}${where} is stored: resolve one of its tags first, or see "tufgate trust list"`,
  );
}

/** Not every GUN is an image name. */
function imageCalled(text: string): Repository | undefined {
  try {
    return parseImageName(text);
  } catch {
    return undefined;
  }
}
