import type Sqlite from 'better-sqlite3';
import { Database } from '../../disk/sqlite/driver.ts';
import { Turns } from '../../disk/sqlite/turns.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import type { BlobTable, Totals } from './blob-table.ts';
import { bootId, closeIndex, IndexDamage, type IndexUser, openIndex, startOver } from './open-index.ts';

export interface CacheIndexOptions {
  readonly file: string;
  readonly user: IndexUser;
  /** Words for the operator. */
  readonly onTrouble: (message: string) => void;
  /** All rows are gone: the files are to be found again. Never while it is opened. */
  readonly onLost: () => void;
}

/**
 * The index, whatever becomes of its file. Reading never throws: what cannot be read is a miss, and a pull goes on without the
 * cache. A damaged file is started over once it is noticed.
 *
 * Calls run on the event loop: a look-up takes some microseconds, a message to a worker and back more.
 */
export class CacheIndex {
  readonly #options: CacheIndexOptions;
  readonly #turns = new Turns();
  #db: Sqlite.Database;
  #table: BlobTable;
  #totals: Totals = { blobs: 0, bytes: 0, allocated: 0 };

  /** @throws cache.failed for a command beside a server, when the index cannot be read */
  constructor(options: CacheIndexOptions) {
    this.#options = options;
    try {
      const { db, table, trouble } = openIndex(options.file, options.user);
      this.#db = db;
      this.#table = table;
      if (trouble !== undefined) options.onTrouble(trouble);
    } catch (cause) {
      throw unreadable(options.file, cause);
    }
  }

  /** As far as could be read; the last ones known otherwise. */
  get totals(): Totals {
    return (this.#totals = this.read((table) => table.totals(), this.#totals));
  }

  /** @param otherwise what is answered when it cannot be read */
  read<T>(work: (table: BlobTable) => T, otherwise: T): T {
    try {
      return work(this.#table);
    } catch (error) {
      if (!this.#db.open) return otherwise;
      if (isDamage(error)) this.#startOver(messageOf(error));
      else this.#options.onTrouble(`the cache's index cannot be read: ${messageOf(error)}`);
      return otherwise;
    }
  }

  /** At once when nobody else writes. @throws cache.failed */
  async write<T>(doing: string, work: (table: BlobTable) => T): Promise<T> {
    try {
      return await this.#turns.take(() => this.#work(work));
    } catch (cause) {
      if (cause instanceof TufgateError) throw cause;
      throw new TufgateError(
        'cache.failed',
        `the cache cannot ${doing} in its index ${this.#options.file} (${messageOf(cause)}). Pulls go on uncached; look at the free space and the health of the disk.`,
        { cause },
      );
    }
  }

  close(): void {
    if (this.#db.open) closeIndex(this.#db, this.#options.user);
  }

  #work<T>(work: (table: BlobTable) => T): T {
    try {
      return work(this.#table);
    } catch (error) {
      if (!this.#db.open || !isDamage(error)) throw error;
      this.#startOver(messageOf(error));
      return work(this.#table);
    }
  }

  #startOver(why: string): void {
    const { file, user, onTrouble, onLost } = this.#options;
    if (user === 'command') throw unreadable(file, new IndexDamage(why));
    this.#db.close();
    const { db, table, trouble } = startOver(file, user, bootId(), why);
    this.#db = db;
    this.#table = table;
    if (trouble !== undefined) onTrouble(trouble);
    onLost();
  }
}

function unreadable(file: string, cause: unknown): TufgateError {
  return new TufgateError(
    'cache.failed',
    `the cache's index ${file} cannot be read (${messageOf(cause)}): start the gate anew, which makes it anew`,
    { cause },
  );
}

function isDamage(error: unknown): boolean {
  const code = error instanceof Database.SqliteError ? error.code : '';
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || noSuchTable(error);
}

/** Somebody has put another database there. */
function noSuchTable(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^no such (?:table|column)/.test(error.message);
}
