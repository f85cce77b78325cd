import type { FsBlobStore } from '../../cache/fs/fs-blob-store.ts';
import { parseSize } from '../../config/quantity.ts';
import { TufgateError } from '../../errors.ts';
import { countWords, sizeWords } from '../../text/size-words.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from '../context.ts';
import { withCache } from './open-cache.ts';
import { steps } from './steps.ts';

interface GcOptions {
  readonly to?: string;
  readonly quarantine?: boolean;
}

/** Evicts what was used the longest ago, down to the low water or to a size, and what a crash has left. */
export async function collectCache(context: CommandContext, { to, quarantine = false }: GcOptions): Promise<number> {
  const { out } = context;
  const target = to === undefined ? undefined : sizeOf(to);
  let temporary: number | null = null;
  const whileAlone = async (store: FsBlobStore): Promise<void> => void (temporary = await store.sweepTemporary());
  return await withCache(context, { whileAlone }, async ({ config, store }) => {
    const { adopted } = await store.reconcile();
    const before = store.usage();
    const goal = target ?? config.cache.lowWaterBytes;
    const total = before.bytes - goal;
    const told = steps(out, total, (done) => `${sizeWords(done)} of ${sizeWords(total)} evicted`);
    await store.evictTo(goal, target === undefined ? 'sparing' : 'insisting', () => told(store.usage().evicted.bytes));
    const quarantined = quarantine ? await store.pruneQuarantine(0) : 0;
    const { blobs, bytes, evicted } = store.usage();
    const pinned = bytes > goal;
    if (out.json) out.document({ evicted, kept: { blobs, bytes }, adopted, temporary, quarantined });
    else for (const line of report({ evicted, blobs, bytes, temporary, quarantined })) out.fact(line);
    if (pinned) out.message('What is left above that is pinned: say --to SIZE to evict it all the same.');
    return EXIT.done;
  });
}

interface Collected {
  readonly evicted: { readonly blobs: number; readonly bytes: number };
  readonly blobs: number;
  readonly bytes: number;
  /** Null while a server runs. */
  readonly temporary: number | null;
  readonly quarantined: number;
}

function report({ evicted, blobs, bytes, temporary, quarantined }: Collected): readonly string[] {
  const swept =
    temporary === null
      ? 'Temporary files are those of the gate that runs: left alone.'
      : temporary > 0
        ? `Removed ${countWords(temporary, 'temporary file')} that a crash had left.`
        : undefined;
  return [
    `Evicted ${countWords(evicted.blobs, 'blob')}, ${sizeWords(evicted.bytes)}; kept ${countWords(blobs, 'blob')}, ${sizeWords(bytes)}.`,
    ...(swept === undefined ? [] : [swept]),
    ...(quarantined > 0 ? [`Removed ${countWords(quarantined, 'damaged file')} from quarantine.`] : []),
  ];
}

/** @throws usage */
function sizeOf(text: string): number {
  const size = text === '0' ? 0 : parseSize(text);
  if (size !== undefined) return size;
  throw new TufgateError('usage', `--to ${text}: expected a size such as 512MiB or 20GiB, or 0`);
}
