import type { Digest } from '../../oci/digest.ts';
import type { ManifestType } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/reference.ts';
import type { ImageConfig } from './image-config.ts';

/** What the upstream has of one image, every byte of it held against its digest; labels and instants are its publisher's word. */
export interface ImageFacts {
  readonly repository: Repository;
  /** What was asked for, when it was a tag. */
  readonly tag?: string;
  /** Of the bytes that were received. */
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  readonly mediaType: ManifestType;
  /** Only its own manifest was asked for: of an index's platforms nothing but their names is known. */
  readonly brief: boolean;
  readonly platforms: readonly PlatformFacts[];
  readonly attestations: readonly AttestationFacts[];
  /** Manifests that were not looked at, because there are too many. */
  readonly left: number;
  /** Bytes of all distinct blobs of all platforms. */
  readonly size: number;
  /** The newest of the platforms; epoch milliseconds. */
  readonly created?: number;
}

export interface PlatformFacts extends Omit<ImageConfig, 'platform'> {
  /** `linux/amd64`; `unknown` where nobody says. */
  readonly platform: string;
  /** Of its manifest. */
  readonly digest: Digest;
  /** Bytes of its distinct blobs. */
  readonly size: number;
  /** Absent when the manifest could not be had. */
  readonly config?: Blob;
  /** In their order, repeats included. */
  readonly layers: readonly Blob[];
}

export interface Blob {
  readonly digest: Digest;
  readonly size: number;
}

/** A manifest in the index that tells something about an image of it (BuildKit's "Image attestation storage"). */
export interface AttestationFacts extends Blob {
  /** The manifest that it is about. */
  readonly about?: Digest;
  /** `https://slsa.dev/provenance/v1`: what its layers say they hold. Empty when nobody looked. */
  readonly predicates: readonly string[];
}
