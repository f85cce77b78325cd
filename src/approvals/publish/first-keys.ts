import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNewFile } from '../keys/new-file.ts';
import { readKeyFile } from '../keys/open-signer.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import { createKeyFile, publicFileOf } from '../keys/key-file.ts';
import { signerOfPem } from '../keys/private-key.ts';
import { type PublicKey, publicPem, readPublicKey } from '../keys/public-key.ts';

/** The keys of a repository with one signer. */
export interface FirstKeys {
  /** Says who may sign anything; to be moved to a safe place. */
  readonly root: PublicKey;
  /** Approves images, and says who else may. */
  readonly signer: PublicKey;
  /** The gate's own, not encrypted: signs timestamp and snapshot. */
  readonly online: PublicKey;
}

export const FIRST_KEY_FILES = { root: 'root.pem', signer: 'signer.pem', online: 'online.pem' } as const;

/**
 * Makes the keys that are not there yet: a start that was killed half-way goes on where it was.
 * @throws usage: nobody can be asked for a passphrase · approvals.key
 */
export async function firstKeys(folder: string, passphrases: Passphrases): Promise<FirstKeys> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let passphrase: string | undefined;
  const encrypted = async (file: string): Promise<PublicKey> =>
    (await publicHalf(file, passphrases)) ??
    (await createKeyFile(file, 'ed25519', (passphrase ??= await passphrases.create('your signing keys'))));
  const path = (name: keyof FirstKeys): string => join(folder, FIRST_KEY_FILES[name]);
  const root = await encrypted(path('root'));
  const signer = await encrypted(path('signer'));
  const online = (await publicHalf(path('online'), passphrases)) ?? (await createKeyFile(path('online'), 'ed25519'));
  return { root, signer, online };
}

/** Of a key that is there. The private half is written first: where the other is missing, it is made from it. */
async function publicHalf(file: string, passphrases: Passphrases): Promise<PublicKey | undefined> {
  const half = publicFileOf(file);
  if (existsSync(half)) return readPublicKey(half, readFileSync(half, 'utf8'));
  if (!existsSync(file)) return undefined;
  const { keyId, entry } = await signerOfPem(file, readKeyFile(file), passphrases);
  writeNewFile(half, publicPem({ keyId, entry }), 0o644);
  return { keyId, entry };
}
