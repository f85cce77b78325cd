import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { messageOf, TufgateError } from '../../errors.ts';
import { Database } from '../../disk/sqlite/driver.ts';
import { damaged } from './fault.ts';
import { makeFolder } from './folder.ts';

/** "tufg": tells our databases from anyone else's. */
export const APPLICATION_ID = 0x74756667;
export const SCHEMA_VERSION = 3;
const schema = readFileSync(new URL('./schema.sql', import.meta.url), 'utf8');

/**
 * Makes the database when there is none. It is built under another name and linked into place when complete: so an
 * empty or half-made file at the real name is always damage, never a start that was interrupted, and of two processes
 * that start together one wins and both open the same file.
 * @throws startup.directory · state.damaged when only the write-ahead log of a database is left
 */
export function createWhenMissing(file: string): void {
  if (existsSync(file)) return;
  if (existsSync(`${file}-wal`)) throw damaged(file, 'it is missing, but its write-ahead log is still there');
  const fresh = `${file}.new-${randomBytes(6).toString('hex')}`;
  try {
    makeFolder(dirname(file));
    closeSync(openSync(fresh, 'wx', 0o600));
    build(fresh);
    publish(fresh, file);
  } catch (cause) {
    throw unwritable(file, cause);
  } finally {
    discard(fresh);
  }
}

export function unwritable(file: string, cause: unknown): TufgateError {
  return new TufgateError(
    'startup.directory',
    `cannot keep the state database ${file}: ${messageOf(cause)}. Make ${dirname(file)} a folder that this user can write, or change \`data\` in the configuration`,
    { cause, detail: { file } },
  );
}

export function applySchema(db: Sqlite.Database): void {
  db.pragma('auto_vacuum = INCREMENTAL');
  db.transaction(() => {
    db.exec(schema);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function build(fresh: string): void {
  const db = new Database(fresh);
  try {
    applySchema(db);
    db.pragma('journal_mode = WAL');
  } finally {
    db.close();
  }
}

function publish(fresh: string, file: string): void {
  sync(fresh);
  try {
    linkSync(fresh, file);
  } catch (cause) {
    if (!existsSync(file)) throw cause;
  }
  sync(dirname(file));
}

/** Best effort: where nothing could be made there is nothing to remove, and the first error is the one to tell. */
function discard(fresh: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(fresh + suffix)) rmSync(fresh + suffix);
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
