import type { MetadataSource } from '../trust/metadata-source.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import { fileName } from '../trust/notary-source.ts';
import { refresh } from '../trust/refresh.ts';
import type { Anchor, Trusted, View } from '../trust/tuf/collection.ts';
import { notaryFormat } from '../trust/tuf/format/notary.ts';
import { MAX_COLLECTION_BYTES } from './limits.ts';

export interface ToVerify {
  readonly gun: string;
  readonly anchor: Anchor;
  readonly source: MetadataSource;
  /** T0 of every check, epoch milliseconds. */
  readonly at: number;
  /** What an earlier capture verified. */
  readonly before?: Trusted | undefined;
  /** Of one file; what an archive holds when absent. */
  readonly maxBytes?: number;
}

/**
 * One update as a gate makes it: of what a server sends now, and later, from nothing, of what the archive holds. There is no other way to believe a file here.
 * @returns undefined when the source does not have the collection
 * @throws trust.*
 */
export async function verify({ gun, anchor, source, at, before, maxBytes }: ToVerify): Promise<View | undefined> {
  return await refresh({
    ctx: { format: notaryFormat, gun, anchor, crypto: nodeCrypto },
    source,
    trusted: before,
    now: at,
    maxBytes: maxBytes ?? MAX_COLLECTION_BYTES,
    persist: () => Promise.resolve(),
    alarm: () => undefined,
  });
}

/** The files of a capture, and nothing online. */
export function filesSource(files: ReadonlyMap<string, Uint8Array>): MetadataSource {
  return {
    fetch(file) {
      const bytes = files.get(fileName(file));
      return Promise.resolve(bytes && [bytes]);
    },
  };
}
