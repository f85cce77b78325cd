import type { Config } from './config/config.ts';
import type { Env } from './approvals/keys/env.ts';
import type { Keyboard } from './approvals/keys/keyboard.ts';
import { openSigner } from './approvals/keys/open-signer.ts';
import { keyFilesIn } from './approvals/keys/key-files.ts';
import type { Signer } from './approvals/keys/signer.ts';
import { TufgateError } from './errors.ts';
import { Passphrases } from './approvals/keys/passphrase.ts';
import { OwnRepository, type OwnSource } from './approvals/publish/own-repository.ts';
import { lockFile } from './state/sqlite/lock.ts';

/** Where keys and passphrases come from. */
export interface KeyHolder {
  readonly env: Env;
  readonly keyboard: Keyboard;
  readonly say: (line: string) => void;
}

/** The repositories of approvals that this configuration keeps, each with the means to sign and publish. */
export interface Approvals {
  readonly own: readonly OwnRepository[];
  readonly passphrases: Passphrases;
  readonly env: Env;
}

/** @param now epoch milliseconds */
export function composeApprovals(config: Config, holder: KeyHolder, now: () => number): Approvals {
  const passphrases = new Passphrases(holder);
  const { env } = holder;
  const own = ownSources(config).map((source) => {
    const { keys, online } = source.publish;
    const open = (keyIds: readonly string[]): Promise<Signer> =>
      openSigner(online ?? onlineKeyIn(keys, keyIds), { env, passphrases });
    return new OwnRepository({ source, now, lock: lockFile, online: open });
  });
  return { own, passphrases, env };
}

export function ownSources({ trust }: Config): readonly OwnSource[] {
  return [...trust.values()].flatMap((source) =>
    source.kind === 'tuf' && source.publish !== undefined ? [{ ...source, publish: source.publish }] : [],
  );
}

/** The one that the newest root names: while keys are rotated there may be two. */
function onlineKeyIn(folder: string, keyIds: readonly string[]): string {
  const found = keyFilesIn(folder).find(({ keyId }) => keyIds.includes(keyId));
  if (found !== undefined) return found.file;
  const why = `none of the keys in ${folder} may sign timestamp and snapshot (${keyIds.join(', ')})`;
  throw new TufgateError('approvals.key', `${why}: restore it, or rotate it with tufgate approvals rotate online`);
}
