/** What a manifest can be. Schema 1 is missing on purpose: it is signed in a way of its own and names no sizes. */
export const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;
export const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

export type IndexType = (typeof INDEX_TYPES)[number];
export type ImageType = (typeof IMAGE_TYPES)[number];
export type ManifestType = IndexType | ImageType;

export const MANIFEST_TYPES: readonly ManifestType[] = [...INDEX_TYPES, ...IMAGE_TYPES];
const indexTypes: ReadonlySet<string> = new Set(INDEX_TYPES);
const imageTypes: ReadonlySet<string> = new Set(IMAGE_TYPES);

export function isIndexType(type: string): type is IndexType {
  return indexTypes.has(type);
}

export function isImageType(type: string): type is ImageType {
  return imageTypes.has(type);
}

export function isManifestType(type: string): type is ManifestType {
  return isIndexType(type) || isImageType(type);
}
