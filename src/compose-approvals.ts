import { join } from 'node:path';
import type { Config } from './config/config.ts';
import type { Env } from './approvals/keys/env.ts';
import type { Keyboard } from './approvals/keys/keyboard.ts';
import { openSigner } from './approvals/keys/open-signer.ts';
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
    const { keys, online = join(keys, 'online.pem') } = source.publish;
    return new OwnRepository({ source, now, lock: lockFile, online: () => openSigner(online, { env, passphrases }) });
  });
  return { own, passphrases, env };
}

export function ownSources({ trust }: Config): readonly OwnSource[] {
  return [...trust.values()].flatMap((source) =>
    source.kind === 'tuf' && source.publish !== undefined ? [{ ...source, publish: source.publish }] : [],
  );
}
