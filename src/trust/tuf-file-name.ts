import { TufgateError } from '../errors.ts';
import type { MetadataName } from './metadata-source.ts';

/**
 * What a TUF 1.0 repository calls its files. Role names are free text: `/`, `?` and `..` are percent-encoded, so that
 * one never leads out of the repository's folder or into a query (CVE-2021-41131; CVE-2026-6968).
 */
export function tufFileName(file: MetadataName): string {
  switch (file.kind) {
    case 'root':
      return `${file.version}.root.json`;
    case 'timestamp':
      return 'timestamp.json';
    case 'role':
      return `${file.version === undefined ? '' : `${file.version}.`}${encodeURIComponent(file.role)}.json`;
    case 'newest-root':
    case 'by-hash':
      throw new TufgateError('internal', 'TUF 1.0 starts at a pinned root and names its files by version');
  }
}
