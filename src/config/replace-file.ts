import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { renameSync, rmSync, type Stats, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolderNow } from '../disk/sync-folder.ts';
import { TufgateError } from '../errors.ts';
import { whyNot } from './file.ts';

/**
 * The new text in place of the one that was read: whole or not at all, with the mode and owner that it had, and never
 * over what somebody else wrote meanwhile. A symbolic link stays one.
 * @param before what was read @throws usage when the file has changed since, or cannot be replaced
 */
export function replaceFile(file: string, before: string, after: string): void {
  try {
    replace(realpathSync(file), before, after);
  } catch (cause) {
    if (cause instanceof TufgateError) throw cause;
    throw new TufgateError('usage', `${file} was not changed: ${writeFault(cause)}`, { cause });
  }
}

function replace(path: string, before: string, after: string): void {
  const temporary = join(dirname(path), `.tufgate-${randomBytes(6).toString('hex')}`);
  try {
    writeLike(statSync(path), temporary, after);
    if (readFileSync(path, 'utf8') !== before) throw changed(path);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolderNow(dirname(path));
}

function writeLike({ mode, uid, gid }: Stats, temporary: string, text: string): void {
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    if (process.getuid?.() !== uid || process.getgid?.() !== gid) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function changed(file: string): TufgateError {
  return new TufgateError('usage', `${file} was changed by somebody else meanwhile, and left as it is: try again`);
}

function writeFault(cause: unknown): string {
  const code = (cause as { code?: string }).code;
  if (code === 'EPERM') return 'its owner is another user: run this as that user';
  if (code === 'EBUSY' || code === 'EROFS') return 'it is mounted here: change it where it comes from';
  return whyNot(cause);
}
