import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLayout } from '../../cache/fs/layout.ts';
import { type FsBlobStore, openCacheForCommand } from '../../cache/fs/fs-blob-store.ts';
import { cacheOptions } from '../../compose/cache.ts';
import type { Config } from '../../config/config.ts';
import type { Digest } from '../../oci/digest.ts';
import { lockFile } from '../../state/sqlite/lock.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import type { StateStore } from '../../state/store.ts';
import type { CommandContext } from '../context.ts';

/** The cache of a configuration, as a command sees it: beside a server, which sees at once what it changes, or without one. */
export interface OpenCache {
  readonly config: Config;
  readonly store: FsBlobStore;
  /** Absent when nothing was ever pulled with this configuration. */
  readonly state: StateStore | undefined;
}

interface Parts {
  /** Told of blobs that were set apart when they were opened. */
  readonly onDamage?: (digest: Digest) => void;
  /** Done only while no server runs, and none can start. */
  readonly whileAlone?: (store: FsBlobStore) => Promise<void>;
}

/**
 * Opens cache and state, and closes them after `work`. The server's lock is held while they are opened only: a command that takes an hour
 * must not keep the gate from being started.
 * @throws upstream.not-found when there is no cache, and what `work` throws
 */
export async function withCache<T>(
  context: CommandContext,
  parts: Parts,
  work: (cache: OpenCache) => Promise<T>,
): Promise<T> {
  const config = context.config();
  await findLayout(join(config.data, 'cache'));
  const file = join(config.data, 'tufgate.db');
  const state = existsSync(file) ? openSqliteStore(file) : undefined;
  try {
    const store = await openStore(context, config, state, parts);
    try {
      return await work({ config, store, state });
    } finally {
      await store.close();
    }
  } finally {
    await state?.close();
  }
}

async function openStore(
  { out, now }: CommandContext,
  config: Config,
  state: StateStore | undefined,
  { onDamage, whileAlone }: Parts,
): Promise<FsBlobStore> {
  const unlock = lockFile(join(config.data, 'serve.lock'));
  try {
    const onTrouble = (message: string): void => out.message(`tufgate: ${message}`);
    const options = { ...cacheOptions(config, state, now, onTrouble), ...(onDamage && { onDamage }) };
    const store = await openCacheForCommand(options, unlock !== undefined);
    if (unlock !== undefined) await whileAlone?.(store);
    return store;
  } finally {
    unlock?.();
  }
}
