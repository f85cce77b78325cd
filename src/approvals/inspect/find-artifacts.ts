import { createHash } from 'node:crypto';
import { codeOf, isReason, type Reason } from '../../errors.ts';
import { type Descriptor, parseDescriptors } from '../../oci/descriptors.ts';
import { algorithmOf, type Digest, hexOf, sha256Digest } from '../../oci/digest.ts';
import { type ArtifactName, artifactOf, artifactOfType } from './artifact-kind.ts';
import type { ArtifactEvidence, Evidence, GapEvidence } from './evidence.ts';
import type { Lookup } from './verified-document.ts';

const MAX_REFERRERS = 256;
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/**
 * Everything that refers to a digest, by each of the ways that are in use: the referrers API, the list under the fallback
 * tag (distribution-spec "Referrers Tag Schema"), and cosign's own tags. All are asked, because registries learnt the API
 * after things were pushed, and some answer 404 for signed and unsigned images alike.
 *
 * What an upstream lacks or cannot say is a gap, told as such: "no signature found" must not be read as "there is none".
 */
export async function findArtifacts(lookup: Lookup, digest: Digest): Promise<readonly Evidence[]> {
  const referrers = await referrersOf(lookup, digest);
  const tags = await taggedOf(lookup, digest);
  const seen = new Set<string>();
  return [...referrers, ...tags].filter((each) => {
    const key = `${each.kind} ${each.digest} ${each.kind === 'gap' ? each.what : ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

async function referrersOf({ upstream, path, signal }: Lookup, digest: Digest): Promise<readonly Evidence[]> {
  return await orGap('referrers', digest, async () => {
    const { referrers, complete } = await upstream.referrers(path, digest, {
      max: MAX_REFERRERS,
      ...(signal && { signal }),
    });
    const gap: readonly Evidence[] = complete ? [] : [{ kind: 'gap', what: 'referrers', digest }];
    return [...gap, ...referrers.map((each) => referrer(each, 'referrer'))];
  });
}

async function taggedOf(lookup: Lookup, digest: Digest): Promise<readonly Evidence[]> {
  // Algorithm and at most 64 digits, as the schema says: a tag has room for no more.
  const tag = `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
  const found: Evidence[] = [];
  const add = async (suffix: string, read: (tagged: Tagged) => readonly Evidence[]): Promise<void> => {
    found.push(...(await orGap('tags', digest, async () => read(await tagged(lookup, tag + suffix)))));
  };
  await add('', ({ bytes }) => {
    const { entries } = parseDescriptors(bytes, 'manifests', 'the list of referrers');
    return entries.slice(0, MAX_REFERRERS).map((each) => referrer(each, 'tag'));
  });
  await add('.sig', (tagged) => [cosign(tagged, { kind: 'signature', type: 'cosign' })]);
  await add('.att', (tagged) =>
    layersOf(tagged).map(({ annotations, mediaType }) =>
      cosign(tagged, artifactOfType(annotations.get('predicateType') ?? mediaType)),
    ),
  );
  await add('.sbom', (tagged) =>
    layersOf(tagged)
      .slice(0, 1)
      .map(({ mediaType }) => cosign(tagged, { ...artifactOfType(mediaType), kind: 'sbom' })),
  );
  return found;
}

interface Tagged {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** HEAD first: most images have none of these, and Docker Hub counts every GET as a pull. */
async function tagged({ upstream, path, signal }: Lookup, tag: string): Promise<Tagged> {
  await upstream.head(path, tag, signal);
  const { bytes } = await upstream.manifest(path, tag, { maxBytes: MAX_LIST_BYTES, ...(signal && { signal }) });
  return { digest: sha256Digest(createHash('sha256').update(bytes).digest()), bytes };
}

function layersOf({ bytes }: Tagged): readonly Descriptor[] {
  return parseDescriptors(bytes, 'layers', "cosign's manifest").entries;
}

function cosign({ digest, bytes }: Tagged, name: ArtifactName): ArtifactEvidence {
  return { ...name, digest, found: 'tag', size: bytes.length };
}

function referrer(each: Descriptor, found: 'referrer' | 'tag'): ArtifactEvidence {
  const { digest, size, artifactType, mediaType, annotations } = each;
  return { ...artifactOf(artifactType ?? mediaType, annotations), digest, found, size };
}

async function orGap(
  what: GapEvidence['what'],
  digest: Digest,
  ask: () => Promise<readonly Evidence[]>,
): Promise<readonly Evidence[]> {
  try {
    return await ask();
  } catch (error) {
    const reason = reasonOf(error);
    // Not there: for a tag that is the answer, and for the API the tags are what registries without it have.
    return reason === 'upstream.not-found' ? [] : [{ kind: 'gap', what, digest, reason }];
  }
}

/** @throws the error itself, when it is a fault of ours or the caller has left */
function reasonOf(error: unknown): Reason {
  const code = codeOf(error);
  if (isReason(code)) return code;
  throw error;
}
