import type { Peer } from '../upstream/peer.ts';
import { httpSource } from './http-source.ts';
import type { MetadataSource } from './metadata-source.ts';
import { tufFileName } from './tuf-file-name.ts';

/** A TUF 1.0 repository over HTTP: files below one URL; several URLs are mirrors of one repository. */
export function tufSource(peers: readonly Peer[]): MetadataSource {
  return httpSource(peers, { folder: '', scope: '', fileName: tufFileName });
}
