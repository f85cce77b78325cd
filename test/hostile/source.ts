import type { TrustSourceConfig } from '../../src/config/config.ts';
import type { MetadataSource } from '../../src/trust/metadata-source.ts';
import { notarySource } from '../../src/trust/notary-source.ts';
import { tufSource } from '../../src/trust/tuf-source.ts';
import type { Peer } from '../../src/upstream/peer.ts';
import type { Format, Settings } from './case.ts';

export const SOURCE = 'corpus';

/** The trust source as an operator would have configured it for a scene. */
export function sourceConfig(format: Format, gun: string, settings: Settings): TrustSourceConfig {
  const { pin, firstUse, releases } = settings;
  if (format === 'notary') {
    const pins = pin === undefined ? [] : [{ gun, prefix: false, anchor: pin }];
    return { kind: 'notary', name: SOURCE, urls: [], gun: '{registry}/{repository}', pins, releases, firstUse };
  }
  if (pin?.kind !== 'root-file') throw new Error('a TUF 1.0 source is pinned to a root file');
  return {
    kind: 'tuf',
    name: SOURCE,
    location: { kind: 'http', urls: [] },
    root: pin,
    target: '{registry}/{repository}:{tag}',
    targetDigest: '{registry}/{repository}@{digest}',
  };
}

export function metadataOf({ kind }: TrustSourceConfig, gun: string, peer: Peer): MetadataSource {
  return kind === 'notary' ? notarySource([peer], gun) : tufSource([peer]);
}
