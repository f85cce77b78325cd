import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { TufgateError } from '../../errors.ts';
import { applySchema, APPLICATION_ID, createWhenMissing, SCHEMA_VERSION, unwritable } from './create.ts';
import { Database } from '../../disk/sqlite/driver.ts';
import { damaged, stateFault } from './fault.ts';

/** How long opening waits for another process, milliseconds, and the event loop with it; later on `Turns` waits. */
const BUSY_MS = 2_000;
/** Up to this size the whole file is checked when it is opened; above it only what trust rests on. */
const CHECK_ALL_BYTES = 64 * 1024 * 1024;
const TRUST_TABLES = [
  'collection',
  'trust_file',
  'trust_part',
  'trust_root',
  'trust_floor',
  'trust_view',
  'ended_tag',
  'withdrawal',
  'clock',
];

/**
 * Opens the state database, or makes it when there is none.
 *
 * Guarantee: what comes back is a whole tufgate database of this version. Whoever can damage the file must not thereby
 * erase the floors that hold off rollbacks, so nothing is ever started over the ruins. Durable: `synchronous = FULL`
 * syncs the write-ahead log at each commit; NORMAL would be faster and lose the last floors with the power.
 * @param file a path, or `:memory:`
 * @throws startup.directory · state.newer-version · state.damaged
 */
export function openDatabase(file: string): Sqlite.Database {
  if (file === ':memory:') return inMemory();
  createWhenMissing(file);
  assertWritable(file);
  const db = openFile(file);
  try {
    identify(db, file);
    configure(db, file);
    check(db, file);
    addIndexes(db);
    db.pragma('busy_timeout = 0');
    return db;
  } catch (cause) {
    db.close();
    throw stateFault(file, 'opening', cause);
  }
}

function inMemory(): Sqlite.Database {
  const db = new Database(':memory:');
  applySchema(db);
  db.pragma('foreign_keys = ON');
  return db;
}

/** SQLite would open a read-only file silently, and fail with the first pull. */
function assertWritable(file: string): void {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function openFile(file: string): Sqlite.Database {
  try {
    return new Database(file, { fileMustExist: true, timeout: BUSY_MS });
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function identify(db: Sqlite.Database, file: string): void {
  const application = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  if (application !== APPLICATION_ID) throw damaged(file, 'it is not a tufgate database, or its first page is damaged');
  if (version > SCHEMA_VERSION) throw newer(file, version);
  if (version < SCHEMA_VERSION)
    throw damaged(
      file,
      `it has version ${version}, from before the first release, and this tufgate reads ${SCHEMA_VERSION}`,
    );
}

function newer(file: string, version: number): TufgateError {
  return new TufgateError(
    'state.newer-version',
    `the state database ${file} has version ${version}; this tufgate knows versions up to ${SCHEMA_VERSION}. Run the newer tufgate that wrote it, or point \`data\` elsewhere`,
    { detail: { file, version } },
  );
}

function configure(db: Sqlite.Database, file: string): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') throw unwritable(file, new Error('its file system has no shared memory for SQLite (WAL)'));
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('journal_size_limit = 67108864');
}

/** Databases of before it was needed get it now: an index changes no row, so older versions read on. */
function addIndexes(db: Sqlite.Database): void {
  const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'given_out'").get();
  if (table === undefined) return;
  db.exec('CREATE INDEX IF NOT EXISTS given_out_tag ON given_out (repository, tag, at)');
  db.exec("CREATE INDEX IF NOT EXISTS edge_manifest ON edge (parent, child) WHERE kind = 'manifest'");
}

function check(db: Sqlite.Database, file: string): void {
  for (const table of TRUST_TABLES) report(db.pragma(`integrity_check(${table})`, { simple: true }), file);
  const bytes = Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));
  if (bytes <= CHECK_ALL_BYTES) report(db.pragma('quick_check(1)', { simple: true }), file);
  if ((db.pragma('foreign_key_check') as unknown[]).length > 0) throw damaged(file, 'rows refer to rows that are gone');
}

function report(answer: unknown, file: string): void {
  if (answer !== 'ok') throw damaged(file, `SQLite's own check says: ${String(answer).slice(0, 300)}`);
}
