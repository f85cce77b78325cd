import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, TufgateError } from '../../errors.ts';
import { type BackedUpKey, isKeyName, MAX_BACKUP, readBackup, writeBackup } from './backup-file.ts';
import { encryptedPkcs8 } from './encrypted-pkcs8.ts';
import { plainPkcs8, publicFileOf, refuseExisting } from './key-file.ts';
import { writeNewFile } from './new-file.ts';
import { readKeyFile } from './open-signer.ts';
import { MAX_KEY_FILE, openPrivateKey, protectionOf, signerOf } from './private-key.ts';
import { publicKeyOf, publicPem, readPublicKey } from './public-key.ts';
import { isSignatureOf } from './signer.ts';

/** A key that a backup has given back, in memory: it was decrypted, and signed for its public half. */
export interface TestedKey {
  readonly name: string;
  readonly keyId: string;
  readonly kept: BackedUpKey['kept'];
}

export interface Backup {
  readonly keys: readonly TestedKey[];
  /** Of the file, hex: to be written down beside it. */
  readonly sha256: string;
}

/**
 * All private keys of a folder in one new file, mode 0600, in which nothing is unencrypted: encrypted keys as they are, the
 * plain ones of the gate under the passphrase. Then the file is read back from the disk and tested as a restore would: a
 * backup that nobody restored is a hope. One that fails its test does not stay.
 * @param passphrase that opens every encrypted key of the folder
 * @throws approvals.key for a key it does not open, a key and a .pub that do not belong together, a folder without keys, or
 *   a file that is there already
 */
export async function backupKeys(folder: string, toFile: string, passphrase: string): Promise<Backup> {
  refuseExisting(toFile);
  const keys = await Promise.all(keyFiles(folder).map((name) => packed(folder, name, passphrase)));
  if (keys.length === 0)
    throw new TufgateError('approvals.key', `there is no private key in ${folder}: nothing to back up`);
  writeNewFile(toFile, Buffer.from(writeBackup(keys)).toString('utf8'), 0o600);
  try {
    return await testBackup(toFile, passphrase);
  } catch (error) {
    rmSync(toFile, { force: true });
    throw error;
  }
}

/** Decrypts each key, signs with it, and verifies that with its public half. @throws archive.damaged, approvals.key */
export async function testBackup(file: string, passphrase: string): Promise<Backup> {
  const bytes = bytesOf(file);
  const keys: TestedKey[] = [];
  for (const key of readBackup(file, bytes)) keys.push((await tested(key, passphrase)).told);
  return { keys, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Every key of a backup into a folder, tested before the first is written: encrypted keys as they were, the gate's plain again,
 * mode 0600. Where one file is there already nothing is written; and nothing stays of a restore that fails half-way.
 * @throws archive.damaged · approvals.key
 */
export async function restoreKeys(file: string, toFolder: string, passphrase: string): Promise<readonly TestedKey[]> {
  const keys = readBackup(file, bytesOf(file));
  const opened = await Promise.all(keys.map(async (key) => ({ ...key, ...(await tested(key, passphrase)) })));
  const files = opened.flatMap((key) => [
    { path: join(toFolder, key.name), text: key.kept === 'plain' ? plainPkcs8(key.opened) : key.private, mode: 0o600 },
    { path: publicFileOf(join(toFolder, key.name)), text: key.public, mode: 0o644 },
  ]);
  refuseExisting(...files.map(({ path }) => path));
  mkdirSync(toFolder, { recursive: true, mode: 0o700 });
  writeAll(files);
  return opened.map(({ told }) => told);
}

function writeAll(files: readonly { readonly path: string; readonly text: string; readonly mode: number }[]): void {
  const written: string[] = [];
  try {
    for (const { path, text, mode } of files) {
      writeNewFile(path, text, mode);
      written.push(path);
    }
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}

async function packed(folder: string, name: string, passphrase: string): Promise<BackedUpKey> {
  const path = join(folder, name);
  if (!isKeyName(name))
    throw new TufgateError('approvals.key', `${path} has a name that a backup cannot hold: rename it`);
  const pem = readKeyFile(path);
  const kept = protectionOf(path, pem);
  const key = kept === 'plain' ? openPrivateKey(pem) : openPrivateKey(pem, passphrase);
  if (key === undefined) throw notOpened(path, kept);
  return {
    name,
    private: kept === 'plain' ? await encryptedPkcs8(key, passphrase) : pem,
    public: publicPem(publicHalf(path, key)),
    kept,
  };
}

/** Of the `.pub` beside it, where there is one: it is what others were given. */
function publicHalf(path: string, key: KeyObject): ReturnType<typeof publicKeyOf> {
  const derived = publicKeyOf(path, key);
  const file = publicFileOf(path);
  if (!existsSync(file)) return derived;
  const beside = readPublicKey(file, readFileSync(file, 'latin1'));
  if (beside.keyId !== derived.keyId)
    throw new TufgateError(
      'approvals.key',
      `${file} is not the public half of ${path}: find out which of them is wrong`,
    );
  return beside;
}

async function tested(key: BackedUpKey, passphrase: string): Promise<{ told: TestedKey; opened: KeyObject }> {
  const name = basename(key.name);
  const opened = openPrivateKey(key.private, passphrase);
  if (opened === undefined || protectionOf(name, key.private) !== 'passphrase') throw notOpened(name, 'passphrase');
  const { keyId, entry } = readPublicKey(publicFileOf(name), key.public);
  const message = randomBytes(32);
  if (!isSignatureOf(entry, message, await signerOf(name, opened).sign(message)))
    throw new TufgateError(
      'approvals.key',
      `${name} in the backup does not sign for its public half: do not rely on it`,
    );
  return { told: { name, keyId, kept: key.kept }, opened };
}

/** Files that hold a PEM private key; public halves and anything else are no keys. */
function keyFiles(folder: string): readonly string[] {
  const names = readFolder(folder).filter((name) => !name.startsWith('.') && !name.endsWith('.pub'));
  return names.filter((name) => {
    const stats = statSync(join(folder, name));
    if (!stats.isFile() || stats.size > MAX_KEY_FILE) return false;
    return /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/m.test(readFileSync(join(folder, name), 'latin1'));
  });
}

function readFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw new TufgateError('approvals.key', `the folder ${folder} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    if (statSync(file).size <= MAX_BACKUP) return readFileSync(file);
  } catch (cause) {
    throw new TufgateError('approvals.key', `the backup ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new TufgateError('archive.damaged', `${file} is longer than any backup: it is another file`);
}

function notOpened(name: string, kept: BackedUpKey['kept']): TufgateError {
  const why =
    kept === 'plain' ? 'is it damaged?' : 'this passphrase is not its own; a folder is backed up under one passphrase';
  return new TufgateError('approvals.key', `${name} was not opened: ${why}`);
}
