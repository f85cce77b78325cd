import { setImmediate } from 'node:timers/promises';
import { messageOf, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobRow, Place } from '../index/blob-table.ts';
import type { CacheIndex } from '../index/cache-index.ts';
import type { Leases } from './busy-names.ts';

/** Of these, what is to be spared as long as anything else is left. */
export type Pinned = (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>;

export interface EvictorParts {
  readonly index: CacheIndex;
  readonly leases: Leases;
  readonly pinned: Pinned;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Writes down what was used up to now. */
  readonly noteUses: () => Promise<void>;
  /** Removes the file whose row is gone. @throws as the file system says */
  readonly remove: (digest: Digest) => Promise<void>;
}

export interface Goal {
  /** Bytes that must go; not above 0 when enough went. */
  readonly needed: () => number;
  /** Bytes that should go while nothing pinned has to. */
  readonly wanted: () => number;
}

/** Blobs that are looked at and removed before others have their turn. */
const SLICE = 32;
/** So many pinned blobs are passed over for whoever waits for room; then pins are not asked about any more. */
const PATIENCE = 2_048;
/** A search that passed over more than that begins anew after so long. */
const PASS_MS = 600_000;
const START: Place = { usedAt: -1, id: -1 };

/**
 * Evicts, the least recently used first, in slices. A blob that is open for reading stays: removed it would free nothing before it is
 * closed. A pinned one goes only when nothing else is left, and only for bytes that must have room: a pin that held for good would
 * let a cache of pinned blobs take nothing new any more, and a cache keeps nothing that cannot be fetched again.
 */
export class Evictor {
  readonly #parts: EvictorParts;
  /** How far the search for what is not pinned has got, so that what was passed over is not looked at again and again. */
  #place = START;
  #passedOver = 0;
  #begunAt = 0;
  #stopped = false;
  evicted = { blobs: 0, bytes: 0 };

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped = true;
  }

  /**
   * @param progress called after each slice
   * @throws cache.failed when what must go cannot: everything is open for reading, or the disk refuses
   */
  async evict(goal: Goal, progress: () => void = () => undefined): Promise<void> {
    const search = { passedOver: 0, whole: this.#place === START };
    let insisting = START;
    while (!this.#stopped && (goal.needed() > 0 || goal.wanted() > 0)) {
      await this.#parts.noteUses();
      const sparing = goal.needed() <= 0 || search.passedOver < PATIENCE;
      if (!sparing || !(await this.#spare(search, Math.max(goal.needed(), goal.wanted())))) {
        if (goal.needed() <= 0) return;
        insisting = await this.#insist(insisting, goal.needed());
      }
      progress();
      await setImmediate();
    }
  }

  /** @returns false when all that is left is pinned or being read, as far as is known */
  async #spare(search: { passedOver: number; whole: boolean }, bytes: number): Promise<boolean> {
    const rows = this.#rowsAfter(this.#place);
    if (rows.length === 0) return this.#beginAnew(search);
    // Who cannot say what is pinned pins nothing: room that is needed is not waited for.
    const pinned = await this.#parts.pinned(rows.map(({ digest }) => digest)).catch(() => new Set<Digest>());
    const { victims, place, passedOver } = this.#choose(rows, bytes, pinned);
    this.#place = place;
    this.#passedOver += passedOver;
    search.passedOver += passedOver;
    await this.#remove(victims);
    return true;
  }

  /** Pinned or not. @throws cache.failed when all that is left is being read */
  async #insist(after: Place, bytes: number): Promise<Place> {
    const rows = this.#rowsAfter(after);
    if (rows.length === 0) throw new TufgateError('cache.failed', ALL_OPEN);
    const { victims, place } = this.#choose(rows, bytes, new Set());
    await this.#remove(victims);
    return place;
  }

  #rowsAfter(place: Place): readonly BlobRow[] {
    return this.#parts.index.read((table) => table.leastRecentlyUsed(place, SLICE), []);
  }

  #choose(rows: readonly BlobRow[], bytes: number, pinned: ReadonlySet<Digest>) {
    const victims: BlobRow[] = [];
    let [freed, seen] = [0, 0];
    for (const row of rows) {
      if (freed >= bytes) break;
      seen += 1;
      if (this.#parts.leases.has(row.digest) || pinned.has(row.digest)) continue;
      victims.push(row);
      freed += row.size;
    }
    return { victims, place: rows[seen - 1] ?? START, passedOver: seen - victims.length };
  }

  /** @returns whether there is anything that this search has not seen */
  #beginAnew(search: { whole: boolean }): boolean {
    const now = this.#parts.now();
    if (this.#passedOver > PATIENCE && now - this.#begunAt < PASS_MS) return false;
    [this.#place, this.#passedOver, this.#begunAt] = [START, 0, now];
    const first = !search.whole;
    search.whole = true;
    return first;
  }

  /** Rows first: from then on nobody finds what is about to go, and what is counted is right. */
  async #remove(victims: readonly BlobRow[]): Promise<void> {
    const { index, remove } = this.#parts;
    const forget = (): Promise<readonly BlobRow[]> =>
      index.write('forget evicted blobs', (table) => table.forgetUnused(victims));
    // On a disk so full that not even a row can be taken away, the files go first.
    const gone = await forget().catch(() => undefined);
    await Promise.all((gone ?? victims).map(({ digest }) => remove(digest))).catch(refused);
    for (const { size } of gone ?? (await forget())) this.#count(size);
  }

  #count(size: number): void {
    this.evicted = { blobs: this.evicted.blobs + 1, bytes: this.evicted.bytes + size };
  }
}

const ALL_OPEN =
  'the cache is full of blobs that are being read: what is pulled now is passed on uncached; raise cache.max_size if this is said often';

function refused(cause: unknown): never {
  throw new TufgateError(
    'cache.failed',
    `the cache cannot evict a blob (${messageOf(cause)}). Pulls go on uncached; look at the free space and the health of the disk.`,
    { cause },
  );
}
