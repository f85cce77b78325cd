import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { messageOf, TufgateError } from '../../errors.ts';
import { Database } from '../../disk/sqlite/driver.ts';
import { makeFolder } from './folder.ts';

/**
 * One serving process a data folder: a second one would sweep away the temporary blobs of the first.
 * @returns what releases it
 * @throws startup.directory when another process holds it, or the file cannot be written
 */
export function lockDataFolder(file: string): () => void {
  const busy = 'another tufgate serves from it; stop that one, or give this one a data folder of its own';
  const failed = (why: string, cause: unknown): TufgateError =>
    new TufgateError('startup.directory', `data folder ${dirname(file)}: ${why}`, { cause });
  try {
    const release = lockFile(file);
    if (release !== undefined) return release;
  } catch (cause) {
    throw failed(`${messageOf(cause)}; make it writable for this user, or change data in the configuration`, cause);
  }
  throw failed(busy, undefined);
}

/**
 * The lock is SQLite's own on a file of its own, so the kernel releases it when the process dies, however it dies. A pid file was
 * rejected: it survives a kill -9, and pids are used again.
 * @returns what releases it; undefined when another process holds it @throws when the file cannot be written
 */
export function lockFile(file: string): (() => void) | undefined {
  let db: Sqlite.Database | undefined;
  try {
    makeFolder(dirname(file));
    db = new Database(file, { timeout: 0 });
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return () => held.close();
  } catch (cause) {
    db?.close();
    if ((cause as { code?: string }).code?.startsWith('SQLITE_BUSY') === true) return undefined;
    throw cause;
  }
}
