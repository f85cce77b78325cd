import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { TufgateError } from '../../errors.ts';
import type { Env } from './env.ts';
import { parseKeyReference } from './key-reference.ts';
import type { Passphrases } from './passphrase.ts';
import { MAX_KEY_FILE, protectionOf, signerOfPem } from './private-key.ts';
import { openProgramSigner } from './program-signer.ts';
import type { Signer } from './signer.ts';
import { openTokenSigner } from './token-signer.ts';

export interface KeyWorld {
  readonly env: Env;
  readonly passphrases: Passphrases;
}

/**
 * The signer that a key reference names. Its public half is known when this returns; a token or a program may still
 * refuse to sign.
 * @throws usage for a reference that is none, or a passphrase that nobody can be asked for · approvals.key
 */
export async function openSigner(reference: string, world: KeyWorld): Promise<Signer> {
  const key = parseKeyReference(reference);
  switch (key.kind) {
    case 'file':
      return await signerOfPem(key.path, readKeyFile(key.path), world.passphrases);
    case 'env':
      return await signerOfPem(`the key in ${key.variable}`, variable(world.env, key.variable), world.passphrases);
    case 'token':
      return await openTokenSigner(key.token, world);
    case 'program':
      return await openProgramSigner(key, world.env);
  }
}

/**
 * The text of a private key's file. One that is not encrypted must be its owner's alone: who can read it can sign.
 * @throws approvals.key
 */
export function readKeyFile(path: string): string {
  const { text, stats } = readBounded(path);
  if (protectionOf(path, text) === 'plain' && (stats.mode & 0o077) !== 0)
    throw new TufgateError(
      'approvals.key',
      `${path} is not encrypted, and others than its owner can read it: run chmod 600 ${path}, and if others use this machine make a new key`,
    );
  return text;
}

/** Judged and read through one descriptor: the file that is looked at is the file that is read. */
function readBounded(path: string): { readonly text: string; readonly stats: Stats } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > MAX_KEY_FILE) throw unreadable(path, 'it is no key file');
    return { text: readFileSync(descriptor, 'utf8'), stats };
  } catch (cause) {
    if (cause instanceof TufgateError) throw cause;
    throw unreadable(path, WHY.get((cause as NodeJS.ErrnoException).code ?? '') ?? String(cause));
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const WHY = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission denied'],
]);

function unreadable(path: string, why: string): TufgateError {
  return new TufgateError('approvals.key', `the key ${path} cannot be read: ${why}`);
}

function variable(env: Env, name: string): string {
  const text = env[name];
  if (text !== undefined && text !== '' && text.length <= MAX_KEY_FILE) return text;
  const why = text === undefined || text === '' ? 'is not set' : 'is too long for a key';
  throw new TufgateError('approvals.key', `the environment variable ${name} ${why}: it must hold a PEM private key`);
}
