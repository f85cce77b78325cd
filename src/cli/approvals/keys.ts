import { backupKeys, restoreKeys, testBackup, type TestedKey } from '../../approvals/keys/backup.ts';
import { createKeyFile, type KeyAlgorithm, publicFileOf } from '../../approvals/keys/key-file.ts';
import { openSigner } from '../../approvals/keys/open-signer.ts';
import { publicPem } from '../../approvals/keys/public-key.ts';
import { Passphrases } from '../../approvals/keys/passphrase.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { publicHalf } from './key-options.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface CreateOptions {
  readonly p256?: boolean;
}

/** A new encrypted key: its public half is what others need. */
export async function createKey(
  context: CommandContext,
  { p256 }: CreateOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const algorithm: KeyAlgorithm = p256 === true ? 'p256' : 'ed25519';
  const { keyId } = await createKeyFile(file, algorithm, await passphrasesOf(context).create(file));
  if (context.out.json) context.out.document({ file, public: publicFileOf(file), keyId });
  else context.out.fact(`${file} is the key, ${publicFileOf(file)} its public half: key ${keyId}`);
  return EXIT.done;
}

/** The id and the public half of any key: of a file, a token or a program. */
export async function showKey(
  context: CommandContext,
  _: object,
  [reference = '']: readonly string[],
): Promise<number> {
  const world = { env: context.env, passphrases: passphrasesOf(context) };
  const key = publicHalf(reference) ?? (await openSigner(reference, world));
  if (context.out.json) context.out.document({ keyId: key.keyId, key: key.entry, pem: publicPem(key) });
  else for (const line of [`key ${key.keyId}`, publicPem(key).trimEnd()]) context.out.fact(line);
  return EXIT.done;
}

interface BackupOptions extends OwnOptions {
  readonly to?: string;
  readonly from?: string;
  readonly test?: string;
}

/** All keys of the folder in one encrypted file, which is restored for a test before this says that it is done. */
export async function backupAllKeys(context: CommandContext, options: BackupOptions): Promise<number> {
  if (options.test !== undefined) {
    const passphrase = await passphrasesOf(context).open(options.test, (text) => ({ text }));
    return report(context, options.test, (await testBackup(options.test, passphrase.text)).keys, 'can be restored');
  }
  const file = need(options.to, '--to FILE, or --test FILE');
  const folder = options.from ?? ownContext(context, options).own.source.publish.keys;
  const passphrase = await passphrasesOf(context).open(folder, (text) => ({ text }));
  const { keys, sha256 } = await backupKeys(folder, file, passphrase.text);
  if (!context.out.json) context.out.fact(`${file} is the backup, sha256 ${sha256}: write that down elsewhere.`);
  return report(context, file, keys, 'was restored from it for a test, and signs');
}

export async function restoreAllKeys(
  context: CommandContext,
  options: BackupOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const folder = options.to ?? ownContext(context, options).own.source.publish.keys;
  const passphrase = await passphrasesOf(context).open(file, (text) => ({ text }));
  return report(context, file, await restoreKeys(file, folder, passphrase.text), `is restored into ${folder}`);
}

function report({ out }: CommandContext, file: string, keys: readonly TestedKey[], words: string): number {
  if (out.json) out.document({ file, keys });
  else for (const { name, keyId } of keys) out.fact(`${name} (key ${keyId}) ${words}.`);
  return EXIT.done;
}

function passphrasesOf({ env, stdin, out }: CommandContext): Passphrases {
  return new Passphrases({ env, keyboard: stdin, say: (line) => out.message(line) });
}

function need(text: string | undefined, option: string): string {
  if (text === undefined) throw new TufgateError('usage', `say ${option}`);
  return text;
}
