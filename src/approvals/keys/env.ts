export interface Env {
  readonly [name: string]: string | undefined;
  readonly TUFGATE_PASSPHRASE?: string | undefined;
  readonly TUFGATE_PASSPHRASE_FILE?: string | undefined;
}

/** For programs of others: all of it, for they find their tokens and accounts there, but no passphrase of ours. */
export function envForOthers({ TUFGATE_PASSPHRASE: _, TUFGATE_PASSPHRASE_FILE: __, ...rest }: Env): Env {
  return rest;
}
