import { messageOf, TufgateError } from '../../errors.ts';
import { Database } from '../../disk/sqlite/driver.ts';

/** The file cannot be believed: say where, and the two ways out. Nothing is repaired or started over on its own. */
export function damaged(file: string, why: string, cause?: unknown): TufgateError {
  return new TufgateError(
    'state.damaged',
    `the state database ${file} cannot be used: ${why}. Nothing was changed. Restore it from a backup; or move it away ` +
      `together with ${file}-wal and ${file}-shm to start anew, which forgets every remembered root and version`,
    { cause, detail: { file } },
  );
}

/** What better-sqlite3 threw, as our error. @param doing "storing the decisions" */
export function stateFault(file: string, doing: string, cause: unknown): TufgateError {
  if (cause instanceof TufgateError) return cause;
  if (isDamage(cause)) return damaged(file, `${doing} met a damaged page (${messageOf(cause)})`, cause);
  return new TufgateError('state.failed', `${doing} failed in ${file}: ${messageOf(cause)}. ${advice(cause)}`, {
    cause,
    detail: { file },
  });
}

/** What must be impossible, because the trust core refuses it earlier. Nothing was changed. */
export function refused(why: string): TufgateError {
  return new TufgateError('state.failed', `refused to store ${why}; nothing was changed`);
}

function isDamage(cause: unknown): boolean {
  const code = sqliteCode(cause);
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

function advice(cause: unknown): string {
  const code = sqliteCode(cause);
  if (code === 'SQLITE_FULL') return 'Free some space on its disk';
  if (code.startsWith('SQLITE_BUSY')) return 'Another process holds it for too long: look for a second tufgate';
  if (code.startsWith('SQLITE_READONLY')) return 'Make the file and its folder writable for this user';
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_CANTOPEN') return 'Look at its disk and at the permissions';
  return 'See the cause in the log';
}

function sqliteCode(cause: unknown): string {
  return cause instanceof Database.SqliteError ? cause.code : '';
}
