import type { BlobRow } from '../../cache/index/blob-table.ts';
import type { FsBlobStore } from '../../cache/fs/fs-blob-store.ts';
import type { Digest } from '../../oci/digest.ts';
import { MAX_DEPTH } from '../../oci/manifest.ts';
import type { StateStore } from '../../state/store.ts';
import { instantText } from '../../text/instant-text.ts';
import { sizeWords } from '../../text/size-words.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from '../context.ts';
import { withCache } from './open-cache.ts';

const PAGE = 128;
/** Images that are named for one blob: a base layer is under thousands. */
const MOST_IMAGES = 8;
const SHOWN_IMAGES = 2;

interface ListedBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly lastUsed: string;
  /** When it was hashed last; null when it was not since it was found. */
  readonly verified: string | null;
  /** Some of the tags whose last pull needs it. */
  readonly images: readonly string[];
}

/** What is kept, the last used first; nothing is held but a page of it. */
export async function listCache(
  context: CommandContext,
  _: object,
  [pattern = '']: readonly string[],
): Promise<number> {
  const { out } = context;
  return await withCache(context, {}, async ({ store, state }) => {
    const blobs = matching(listed(store, state), pattern);
    if (out.json) await out.documents(blobs);
    else for await (const blob of blobs) out.fact(line(blob));
    return EXIT.done;
  });
}

async function* matching(blobs: AsyncIterable<ListedBlob>, pattern: string): AsyncGenerator<ListedBlob> {
  for await (const blob of blobs) if ([blob.digest, ...blob.images].some((name) => name.includes(pattern))) yield blob;
}

async function* listed(store: FsBlobStore, state: StateStore | undefined): AsyncGenerator<ListedBlob> {
  let page = store.mostRecentlyUsed(undefined, PAGE);
  for (; page.length > 0; page = store.mostRecentlyUsed(page.at(-1), PAGE))
    for (const row of page) yield await describe(row, state);
}

async function describe(
  { digest, size, usedAt, verifiedAt }: BlobRow,
  state: StateStore | undefined,
): Promise<ListedBlob> {
  const above = (await state?.tagsAbove(digest, MAX_DEPTH, 'all', MOST_IMAGES)) ?? [];
  return {
    digest,
    size,
    lastUsed: instantText(usedAt / 1_000),
    verified: verifiedAt === 0 ? null : instantText(verifiedAt),
    images: above.map(({ repository, tag }) => `${repository}:${tag}`).sort(),
  };
}

function line({ digest, size, lastUsed, verified, images }: ListedBlob): string {
  const named = images.slice(0, SHOWN_IMAGES).join(', ');
  const more = images.length > SHOWN_IMAGES ? ', …' : '';
  const hashed = verified === null ? 'not verified yet' : `verified ${verified}`;
  return `${digest}  ${sizeWords(size)}  used ${lastUsed}  ${hashed}${named === '' ? '' : `  ${named}${more}`}`;
}
