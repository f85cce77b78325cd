import type Sqlite from 'better-sqlite3';
import type { Digest } from '../../oci/digest.ts';
import type { Stamp } from './stamp.ts';

/** A blob as it is listed. */
export interface BlobRow {
  readonly digest: Digest;
  readonly size: number;
  /** Microseconds since 1970, and the place among rows of the same one. */
  readonly usedAt: number;
  readonly id: number;
  /** Epoch milliseconds; 0 when it was never hashed here. */
  readonly verifiedAt: number;
}

export interface FoundBlob {
  readonly digest: Digest;
  readonly stamp: Stamp;
  /** Microseconds. */
  readonly usedAt: number;
}

export interface Totals {
  readonly blobs: number;
  readonly bytes: number;
  readonly allocated: number;
}

/** A place in the order of use. */
export type Place = Pick<BlobRow, 'usedAt' | 'id'>;

/** The rows: one a blob. Each method that writes is one transaction. */
export class BlobTable {
  readonly #db: Sqlite.Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#sql.size.get(digest);
  }

  /** What the disk told of the file when it was committed or hashed, and when that was. */
  find(digest: Digest): { readonly stamp: Stamp; readonly verifiedAt: number } | undefined {
    const row = this.#sql.find.get(digest);
    if (row === undefined) return undefined;
    const { size, allocated, inode, mtimeNs, ctimeNs, verifiedAt } = row;
    const stamp = { size: Number(size), allocated: Number(allocated), inode, mtimeNs, ctimeNs };
    return { stamp, verifiedAt: Number(verifiedAt) };
  }

  /** A blob that was verified, in place of whatever was known under its name. */
  keep({ digest, stamp, usedAt }: FoundBlob, verifiedAt: number): void {
    this.#sql.keep.run({ digest, ...stamp, usedAt, verifiedAt });
  }

  /** Files that nobody has hashed; what has a row already keeps it. @returns how many were new */
  adopt(found: readonly FoundBlob[]): number {
    const all = (): number =>
      found.reduce((sum, { stamp, ...each }) => sum + this.#sql.adopt.run({ ...each, ...stamp }).changes, 0);
    return this.#db.transaction(all).immediate();
  }

  forget(digest: Digest): void {
    this.#sql.forget.run(digest);
  }

  /** Those that were not used since they were looked at. @returns the ones that went */
  forgetUnused<R extends Pick<BlobRow, 'digest' | 'usedAt'>>(rows: readonly R[]): readonly R[] {
    const all = (): readonly R[] =>
      rows.filter(({ digest, usedAt }) => this.#sql.forgetUnused.run(digest, usedAt).changes > 0);
    return this.#db.transaction(all).immediate();
  }

  /** A row whose file is gone, unless another file has come since. */
  forgetFile(digest: Digest, { inode, ctimeNs }: Stamp): void {
    this.#sql.forgetFile.run(digest, inode, ctimeNs);
  }

  /** @param stamp of the file that was hashed */
  vouch(digest: Digest, stamp: Stamp, at: number): void {
    this.#sql.vouch.run({ digest, ...stamp, at });
  }

  /** @param uses microseconds by digest; an older use never takes the place of a later one */
  use(uses: ReadonlyMap<Digest, number>): void {
    const all = (): void => {
      for (const [digest, at] of uses) this.#sql.use.run({ digest, at });
    };
    this.#db.transaction(all).immediate();
  }

  lastUse(): number {
    return this.#sql.lastUse.get() ?? 0;
  }

  leastRecentlyUsed(after: Place, most: number): readonly BlobRow[] {
    return this.#sql.leastUsed.all(after.usedAt, after.id, most);
  }

  mostRecentlyUsed(before: Place, most: number): readonly BlobRow[] {
    return this.#sql.mostUsed.all(before.usedAt, before.id, most);
  }

  leastRecentlyVerified(before: number, most: number): readonly BlobRow[] {
    return this.#sql.leastVerified.all(before, most);
  }

  /** In the order of the digests, of those that begin with `prefix`. */
  beginningWith(prefix: string, after: string, most: number): readonly BlobRow[] {
    return this.#sql.beginning.all(after, `${prefix}~`, most);
  }

  totals(): Totals {
    return this.#sql.totals.get() ?? { blobs: 0, bytes: 0, allocated: 0 };
  }
}

const ROW = 'digest, size, used_at AS usedAt, id, verified_at AS verifiedAt';

interface WholeRow extends Omit<Stamp, 'size' | 'allocated'> {
  readonly size: bigint;
  readonly allocated: bigint;
  readonly verifiedAt: bigint;
}

type Written = Stamp & Pick<BlobRow, 'digest' | 'usedAt'>;

function prepare(db: Sqlite.Database) {
  return {
    size: db.prepare<[string], number>('SELECT size FROM blob WHERE digest = ?').pluck(),
    // Nanoseconds do not fit into a number.
    find: db
      .prepare<[string], WholeRow>(
        `SELECT size, allocated, inode, mtime_ns AS mtimeNs, ctime_ns AS ctimeNs, verified_at AS verifiedAt
           FROM blob WHERE digest = ?`,
      )
      .safeIntegers(),
    // Not REPLACE: it would take the row away without the trigger that keeps the sums.
    keep: db.prepare<[Written & { verifiedAt: number }]>(
      `INSERT INTO blob (digest, size, allocated, inode, mtime_ns, ctime_ns, used_at, verified_at)
         VALUES (:digest, :size, :allocated, :inode, :mtimeNs, :ctimeNs, :usedAt, :verifiedAt)
         ON CONFLICT (digest) DO UPDATE SET size = excluded.size, allocated = excluded.allocated, inode = excluded.inode,
           mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, used_at = excluded.used_at,
           verified_at = excluded.verified_at`,
    ),
    adopt: db.prepare<[Written]>(
      `INSERT INTO blob (digest, size, allocated, inode, mtime_ns, ctime_ns, used_at, verified_at)
         VALUES (:digest, :size, :allocated, :inode, :mtimeNs, :ctimeNs, :usedAt, 0) ON CONFLICT DO NOTHING`,
    ),
    forget: db.prepare<[string]>('DELETE FROM blob WHERE digest = ?'),
    forgetUnused: db.prepare<[string, number]>('DELETE FROM blob WHERE digest = ? AND used_at = ?'),
    forgetFile: db.prepare<[string, bigint, bigint]>(
      'DELETE FROM blob WHERE digest = ? AND inode = ? AND ctime_ns = ?',
    ),
    vouch: db.prepare<[Stamp & { digest: string; at: number }]>(
      `UPDATE blob SET size = :size, allocated = :allocated, inode = :inode, mtime_ns = :mtimeNs, ctime_ns = :ctimeNs,
         verified_at = :at WHERE digest = :digest`,
    ),
    use: db.prepare<[{ digest: string; at: number }]>(
      'UPDATE blob SET used_at = :at WHERE digest = :digest AND used_at < :at',
    ),
    lastUse: db.prepare<[], number | null>('SELECT max(used_at) FROM blob').pluck(),
    leastUsed: db.prepare<[number, number, number], BlobRow>(
      `SELECT ${ROW} FROM blob WHERE (used_at, id) > (?, ?) ORDER BY used_at, id LIMIT ?`,
    ),
    mostUsed: db.prepare<[number, number, number], BlobRow>(
      `SELECT ${ROW} FROM blob WHERE (used_at, id) < (?, ?) ORDER BY used_at DESC, id DESC LIMIT ?`,
    ),
    leastVerified: db.prepare<[number, number], BlobRow>(
      `SELECT ${ROW} FROM blob WHERE verified_at < ? ORDER BY verified_at, id LIMIT ?`,
    ),
    beginning: db.prepare<[string, string, number], BlobRow>(
      `SELECT ${ROW} FROM blob WHERE digest > ? AND digest < ? ORDER BY digest LIMIT ?`,
    ),
    totals: db.prepare<[], Totals>('SELECT blobs, bytes, allocated FROM totals WHERE id = 1'),
  };
}
