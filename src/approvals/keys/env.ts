export interface Env {
  readonly [name: string]: string | undefined;
  readonly TUFGATE_PASSPHRASE?: string | undefined;
  readonly TUFGATE_PASSPHRASE_FILE?: string | undefined;
}

/** For programs of others: all of it, for they find their tokens and accounts there, but no passphrase of ours. */
export function envForOthers(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TUFGATE_PASSPHRASE')));
}
