import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { messageOf, TufgateError } from '../../errors.ts';
import { Database } from './driver.ts';
import { makeFolder } from './folder.ts';

/**
 * One serving process a data folder: a second one would sweep away the temporary blobs of the first. The lock is
 * SQLite's own on a file of its own, so the kernel releases it when the process dies, however it dies. A pid file was
 * rejected: it survives a kill -9, and pids are used again.
 *
 * @returns what releases it
 * @throws startup.directory when another process holds it, or the file cannot be written
 */
export function lockDataFolder(file: string): () => void {
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
    const busy = (cause as { code?: string }).code?.startsWith('SQLITE_BUSY') === true;
    const why = busy
      ? 'another tufgate serves from it; stop that one, or give this one a data folder of its own'
      : `${messageOf(cause)}; make it writable for this user, or change data in the configuration`;
    throw new TufgateError('startup.directory', `data folder ${dirname(file)}: ${why}`, { cause });
  }
}
