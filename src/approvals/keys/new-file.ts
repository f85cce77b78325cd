import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolderNow } from '../../disk/sync-folder.ts';
import { messageOf, TufgateError } from '../../errors.ts';

/**
 * A file that was not there: whole or not at all, on the disk when this returns, and never in the place of another one.
 * A rename would overwrite a key that somebody made meanwhile, a link does not. File systems without links (a stick with FAT,
 * which is where offline keys go) get the bytes in place.
 * @param mode permissions, whatever the umask is @throws approvals.key when there is such a file, or it cannot be written
 */
export function writeNewFile(path: string, text: string, mode: number): void {
  try {
    create(path, text, mode);
  } catch (cause) {
    const why = codeOf(cause) === 'EEXIST' ? 'there is one already, and keys are never overwritten' : messageOf(cause);
    throw new TufgateError('approvals.key', `${path} was not written: ${why}`, { cause });
  }
}

function create(path: string, text: string, mode: number): void {
  const temporary = join(dirname(path), `.tufgate-${randomBytes(6).toString('hex')}`);
  try {
    write(temporary, text, mode);
    linkSync(temporary, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(codeOf(error))) throw error;
    writeInPlace(path, text, mode);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolderNow(dirname(path));
}

function write(path: string, text: string, mode: number): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeInPlace(path: string, text: string, mode: number): void {
  try {
    write(path, text, mode);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(path, { force: true });
    throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
