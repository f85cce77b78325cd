import { type Descriptor, parseDescriptors } from '../../oci/descriptors.ts';
import type { Digest } from '../../oci/digest.ts';
import { MAX_DEPTH } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-type.ts';
import { type Document, type Lookup, verifiedDocument } from './verified-document.ts';

/** The entries of an index, and of the indexes in it: which are platforms, which tell about one. */
export interface Tree {
  readonly platforms: readonly Descriptor[];
  readonly attestations: readonly Descriptor[];
  /** Beyond the bounds. */
  readonly left: number;
}

const MAX_PLATFORMS = 64;
const MAX_ATTESTATIONS = 64;
/** Requests for indexes within indexes. */
const MAX_INDEXES = 16;

/**
 * @param brief an index within the index is counted as left, not asked for
 * @param top whose bytes `parseManifest` has read: what is not strict here was refused there
 * @throws upstream.* · integrity.*
 */
export async function indexTree(lookup: Lookup, top: Document, brief = false): Promise<Tree> {
  const platforms: Descriptor[] = [];
  const attestations: Descriptor[] = [];
  const seen = new Set<Digest>([top.digest]);
  let left = 0;
  let indexes = 0;
  const walk = async (index: Document, depth: number): Promise<void> => {
    for (const entry of parseDescriptors(index.bytes, 'manifests', 'the index').entries) {
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      if (isAttestation(entry)) left += keep(attestations, entry, MAX_ATTESTATIONS);
      else if (!isIndexType(entry.mediaType)) left += keep(platforms, entry, MAX_PLATFORMS);
      else if (brief || depth >= MAX_DEPTH || ++indexes > MAX_INDEXES) left++;
      else await walk(await verifiedDocument(lookup, entry.digest, entry.size), depth + 1);
    }
  };
  await walk(top, 2);
  return { platforms, attestations, left };
}

/**
 * By its platform, which keeps clients from running it. BuildKit's annotation says the same, and is not asked: on the entry
 * of a real platform it would hide from the reader what clients run.
 */
export function isAttestation({ platform }: Descriptor): boolean {
  return platform === 'unknown/unknown';
}

/** @returns how many were left out */
function keep(list: Descriptor[], entry: Descriptor, most: number): number {
  if (list.length === most) return 1;
  list.push(entry);
  return 0;
}
