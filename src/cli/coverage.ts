import type { Pin, TrustSourceConfig } from '../config/config.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { StoredTrust } from '../state/store.ts';
import { pinFor } from '../trust/collection-name.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import { openCollection } from '../trust/open-collection.ts';
import { restore, type TrustContext, type Trusted, type View } from '../trust/tuf/collection.ts';

/** What a configuration makes of stored trust data, found by the code that a gate opens it with. */
export type Coverage =
  /** Believed as it is stored; without a view the source is asked for one first. */
  | { readonly kind: 'covered'; readonly view?: View; readonly shelf: Trusted['shelf'] }
  /** The anchor is another: what is stored counts no more, trust begins anew at the pin. */
  | { readonly kind: 'anew'; readonly message: string }
  /** No pin, and no first use: nothing is believed. */
  | { readonly kind: 'no-root'; readonly message: string }
  | { readonly kind: 'damaged'; readonly message: string };

export function coverageOf(config: TrustSourceConfig, gun: string, stored: StoredTrust): Coverage {
  try {
    const { view, trusted } = restore(contextOf(config, gun), stored);
    return { kind: 'covered', shelf: trusted.shelf, ...(view === undefined ? {} : { view }) };
  } catch (error) {
    const message = messageOf(error);
    const code = codeOf(error);
    if (code === 'trust.no-root') return { kind: 'no-root', message };
    if (code === 'trust.pin' || code === 'trust.wrong-name') return { kind: 'anew', message };
    if (code === 'state.damaged') return { kind: 'damaged', message };
    throw error;
  }
}

/** @throws trust.no-root */
function contextOf(config: TrustSourceConfig, gun: string): TrustContext {
  const nobody = { fetch: (): Promise<undefined> => Promise.resolve(undefined) };
  return openCollection({ crypto: nodeCrypto, metadata: () => nobody }, config, gun).ctx;
}

/** The pin that holds for this collection, in words: `reg.example/ (keys 4ff5…)`. Null for none. */
export function pinWordsFor(config: TrustSourceConfig, gun: string): string | null {
  if (config.kind === 'tuf') return `root ${config.root.file}`;
  const pin = pinFor(config, gun);
  return pin === undefined ? null : `${pinName(pin)} (${anchorWords(pin)})`;
}

function pinName({ gun, prefix }: Pin): string {
  return prefix ? `${gun}/` : gun;
}

function anchorWords({ anchor }: Pin): string {
  switch (anchor.kind) {
    case 'keys':
      return `keys ${anchor.keyIds.join(', ')}`;
    case 'ca':
      return `ca ${anchor.file}`;
    case 'root-file':
      return `root ${anchor.file}`;
  }
}
