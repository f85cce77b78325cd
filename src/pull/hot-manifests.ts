import type { Digest } from '../oci/digest.ts';
import type { VerifiedManifest } from './verified-manifest.ts';

const MAX_BYTES = 16 << 20;

/**
 * The manifests that are asked for most, verified and read: four turns through the disk's threads are spared, each of which
 * may have to wait where the machine is busy. The least recently used make room, by their bytes as received.
 */
export class HotManifests {
  readonly #manifests = new Map<Digest, VerifiedManifest>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): VerifiedManifest | undefined {
    const found = this.#manifests.get(digest);
    if (found === undefined) return undefined;
    this.#manifests.delete(digest);
    this.#manifests.set(digest, found);
    return found;
  }

  drop(digest: Digest): void {
    this.#bytes -= this.#manifests.get(digest)?.bytes.length ?? 0;
    this.#manifests.delete(digest);
  }

  keep(manifest: VerifiedManifest): void {
    if (this.#manifests.has(manifest.digest)) return;
    this.#manifests.set(manifest.digest, manifest);
    this.#bytes += manifest.bytes.length;
    for (const [digest, { bytes }] of this.#manifests) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#manifests.delete(digest);
      this.#bytes -= bytes.length;
    }
  }
}
