import type { TrustStore } from '../state/store.ts';
import type { Resolution } from './resolution.ts';

/**
 * The sources that have signed none of these images, and nothing else either that was ever verified. An address that is wrong
 * cannot be told from one where nobody has signed: a server answers 404 for both.
 */
export async function silentSources(
  store: Pick<TrustStore, 'listTrust'>,
  resolutions: readonly Resolution[],
): Promise<readonly string[]> {
  const unsigned = resolutions
    .flatMap(({ sources }) => sources)
    .flatMap(({ source, reason }) => (reason === 'trust.unsigned' ? [source] : []));
  const heard = new Set((await store.listTrust()).map(({ source }) => source));
  return [...new Set(unsigned)].filter((source) => !heard.has(source));
}
