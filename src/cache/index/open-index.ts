import { existsSync, readFileSync, rmSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { Database } from '../../disk/sqlite/driver.ts';
import { messageOf } from '../../errors.ts';
import { BlobTable } from './blob-table.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** Opening waits for another process so long, milliseconds, and the event loop with it; later on `Turns` waits. */
const BUSY_MS = 2_000;
/** Bounds what the index costs in memory; what is read often is in the memory of the system. */
const CACHE_KIB = 8_192;
/** Pages of the write-ahead log that are moved at once: about a millisecond of the event loop. */
const CHECKPOINT_PAGES = 200;

/**
 * `serve`: the one process that serves from this folder. `command`: beside it, or alone. A command beside a server must not start
 * a damaged index over, which the server has open.
 */
export type IndexUser = 'serve' | 'command' | 'command-alone';

export interface OpenedIndex {
  readonly db: Sqlite.Database;
  readonly table: BlobTable;
  /** Why all rows were lost, or why they will be with the process: the files have to be found again. */
  readonly trouble?: string;
}

/** What the index says cannot be believed. */
export class IndexDamage extends Error {}

/**
 * Opens the index, or makes it. One that is damaged is started over, and one that cannot be made at all is kept in memory: what it
 * says can be found again from the files, and no pull must fail for it.
 *
 * The server writes without waiting for the disk (`synchronous = OFF`): a sync on the event loop stalls every request, and a
 * killed process loses nothing by it. When the machine itself went down meanwhile, which the id of its start tells, what is
 * in the file is not believed.
 * @param boot id of this start of the machine; where it is empty every write is synced as SQLite's NORMAL does
 * @throws IndexDamage for a command beside a server
 */
export function openIndex(file: string, user: IndexUser, boot = bootId()): OpenedIndex {
  try {
    // A log whose database was taken away belongs to nothing any more.
    if (user !== 'command' && !existsSync(file)) discard(file);
    return opened(file, user, boot);
  } catch (first) {
    if (user === 'command') throw first;
    return startOver(file, user, boot, messageOf(first));
  }
}

/** All rows are lost; what verified them has to be done again. */
export function startOver(file: string, user: IndexUser, boot: string, why: string): OpenedIndex {
  try {
    discard(file);
    const trouble = `the cache's index ${file} was started over (${why}): what is cached is hashed again before anybody gets it`;
    return { ...opened(file, user, boot), trouble };
  } catch (second) {
    const trouble = `the cache's index ${file} cannot be kept (${messageOf(second)}): it is in memory until the next start, and takes more of it. Look at the free space and the health of the disk`;
    const db = create(new Database(':memory:'));
    return { db, table: new BlobTable(db), trouble };
  }
}

function discard(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

/** All that was written is on the disk from now on. Nothing may be written after it. */
export function closeIndex(db: Sqlite.Database, user: IndexUser): void {
  try {
    if (user === 'serve' && !db.memory) {
      db.pragma('synchronous = FULL');
      // A checkpoint syncs only if there is something to move: pages that were moved before without a sync may be all there is.
      db.exec('UPDATE totals SET clean = 0');
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.exec('UPDATE totals SET clean = 1');
    }
  } finally {
    db.close();
  }
}

function opened(file: string, user: IndexUser, boot: string): OpenedIndex {
  const db = new Database(file, { timeout: BUSY_MS });
  try {
    if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal')
      throw new Error('its file system has no shared memory');
    db.pragma('synchronous = FULL');
    create(db);
    assertWhole(db, boot);
    if (user === 'serve') db.prepare('UPDATE totals SET boot = ?, clean = 0').run(boot);
    db.pragma(`synchronous = ${user === 'serve' && boot !== '' ? 'OFF' : 'NORMAL'}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma('journal_size_limit = 4194304');
    db.pragma('busy_timeout = 0');
    return { db, table: new BlobTable(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @returns the same, with tables when it had none */
function create(db: Sqlite.Database): Sqlite.Database {
  const make = (): void => {
    const empty = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (!empty) return;
    db.exec(SCHEMA);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  };
  db.transaction(make).immediate();
  return db;
}

function assertWhole(db: Sqlite.Database, boot: string): void {
  const [id, version] = ['application_id', 'user_version'].map((name) => db.pragma(name, { simple: true }));
  if (id !== APPLICATION_ID || version !== SCHEMA_VERSION) throw new IndexDamage('it is not an index of this version');
  const totals = db.prepare<[], { boot: string; clean: 0 | 1 }>('SELECT boot, clean FROM totals').get();
  if (totals === undefined) throw new IndexDamage('its sums are missing');
  if (totals.clean === 0 && totals.boot !== boot) throw new IndexDamage('the machine went down while it was written');
}

/** Linux tells it; elsewhere nobody does, and it is empty. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
