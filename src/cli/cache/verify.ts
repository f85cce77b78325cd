import type { FsBlobStore } from '../../cache/fs/fs-blob-store.ts';
import type { Digest } from '../../oci/digest.ts';
import { countWords, sizeWords } from '../../text/size-words.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from '../context.ts';
import type { Output } from '../output.ts';
import { hashesTo } from './hash-blob.ts';
import { withCache } from './open-cache.ts';
import { steps } from './steps.ts';

interface Found {
  blobs: number;
  bytes: number;
  readonly damaged: Digest[];
}

/** Hashes all that is kept, and sets apart what is not what its name says. Exits 3 when there is any. */
export async function verifyCache(context: CommandContext): Promise<number> {
  const { out } = context;
  const found: Found = { blobs: 0, bytes: 0, damaged: [] };
  const onDamage = (digest: Digest): void => damage(out, found, digest);
  return await withCache(context, { onDamage }, async ({ store }) => {
    const reconciled = await store.reconcile();
    await verifyAll(out, store, found);
    const { blobs, bytes, damaged } = found;
    if (out.json) out.document({ blobs, bytes, damaged, ...reconciled });
    else out.fact(summary(found, reconciled));
    return damaged.length > 0 ? EXIT.refused : EXIT.done;
  });
}

async function verifyAll(out: Output, store: FsBlobStore, found: Found): Promise<void> {
  const { blobs, bytes } = store.usage();
  const words = (done: number): string =>
    `${found.blobs} of ${countWords(blobs, 'blob')}, ${sizeWords(done)} of ${sizeWords(bytes)} hashed`;
  const told = steps(out, bytes, words);
  for await (const { digest } of store.list()) {
    await verifyOne(out, store, found, digest);
    told(found.bytes);
  }
}

async function verifyOne(out: Output, store: FsBlobStore, found: Found, digest: Digest): Promise<void> {
  const reader = await store.open(digest, 'check');
  // Evicted meanwhile, or set apart already.
  if (reader === undefined) return;
  try {
    if (await hashesTo(reader, digest)) await reader.vouch();
    else {
      await store.quarantine(digest, reader);
      damage(out, found, digest);
    }
    found.blobs += 1;
    found.bytes += reader.size;
  } finally {
    await reader.close();
  }
}

function damage(out: Output, { damaged }: Found, digest: Digest): void {
  damaged.push(digest);
  if (!out.json) out.fact(`damaged  ${digest}  set apart; it is fetched again when it is pulled`);
}

function summary({ blobs, bytes, damaged }: Found, { adopted, dropped }: { adopted: number; dropped: number }): string {
  const verdict =
    damaged.length === 0 ? 'all are what their names say' : `${countWords(damaged.length, 'blob')} damaged`;
  const parted =
    adopted + dropped > 0 ? ` ${countWords(adopted, 'file')} had not been entered, ${dropped} were missing.` : '';
  return `Hashed ${countWords(blobs, 'blob')}, ${sizeWords(bytes)}: ${verdict}.${parted}`;
}
