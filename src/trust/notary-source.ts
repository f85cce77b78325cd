import { TufgateError } from '../errors.ts';
import type { Peer } from '../upstream/peer.ts';
import { httpSource } from './http-source.ts';
import type { MetadataName, MetadataSource } from './metadata-source.ts';

/**
 * Notary v1 over HTTP: `/v2/<gun>/_trust/tuf/…`.
 * @param gun checked against the grammar of image names, so it needs no escaping in the path
 */
export function notarySource(peers: readonly Peer[], gun: string): MetadataSource {
  return httpSource(peers, { folder: `/v2/${gun}/_trust/tuf`, scope: `repository:${gun}:pull`, fileName });
}

/** Role names passed the name rule of the format before they came here: no dots, no upper case, no `..`. */
export function fileName(file: MetadataName): string {
  switch (file.kind) {
    case 'newest-root':
      return 'root.json';
    case 'root':
      return `${file.version}.root.json`;
    case 'timestamp':
      return 'timestamp.json';
    case 'by-hash':
      return `${file.role}.${file.sha256}.json`;
    case 'role':
      throw new TufgateError('internal', 'Notary names its files by hash');
  }
}
