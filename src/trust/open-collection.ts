import type { TrustSourceConfig, TufConfig } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { pinFor } from './collection-name.ts';
import type { Opened } from './collection.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { Anchor } from './tuf/collection.ts';
import type { Crypto } from './tuf/crypto-port.ts';
import { notaryFormat } from './tuf/format/notary.ts';
import { tufFormat } from './tuf/format/tuf.ts';

/** What it takes to read a collection. */
export interface Means {
  readonly metadata: (source: TrustSourceConfig, gun: string) => MetadataSource;
  readonly crypto: Crypto;
}

/**
 * A collection as the configuration wants it opened. No pin and no first use is `trust.no-root` at once: the source is
 * not even asked.
 */
export function openCollection({ crypto, metadata }: Means, config: TrustSourceConfig, gun: string): Opened {
  const { name: source } = config;
  const anchor = anchorFor(config, gun);
  const context =
    config.kind === 'notary'
      ? { format: notaryFormat, gun, anchor, crypto }
      : { format: tufFormat, gun: source, anchor, crypto };
  return { source, gun, ctx: context, metadata: metadata(config, gun) };
}

function anchorFor(config: TrustSourceConfig, gun: string): Anchor {
  if (config.kind === 'tuf' && config.root.bytes.length === 0) throw notMade(config);
  const pin = pinFor(config, gun);
  if (pin !== undefined) return pin.anchor;
  if (config.kind === 'notary' && config.firstUse === 'remember') return { kind: 'first-use' };
  throw new TufgateError(
    'trust.no-root',
    `no pin of trust source ${config.name} covers ${gun}: add one under trust.${config.name}.pins, or set first_use: remember`,
  );
}

/** A repository of approvals that this gate keeps, and has not made yet. */
function notMade({ name, root }: TufConfig): TufgateError {
  const fix = 'start the gate (npm start, tufgate serve), or say: tufgate approvals init';
  return new TufgateError('trust.no-root', `${name} has not been made yet: there is no ${root.file}; ${fix}`);
}
