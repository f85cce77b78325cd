import type { BlobStore } from '../cache/blob-store.ts';
import { messageOf, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { ClosureStore } from '../state/store.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import { verifyBytes } from '../verify/verify-bytes.ts';
import { HotManifests } from './hot-manifests.ts';
import type { VerifiedManifest } from './verified-manifest.ts';

export interface ManifestsOptions {
  readonly cache: BlobStore;
  readonly closure: ClosureStore;
  readonly maxBytes: number;
  /** The cache or its disk failed: told, and otherwise without effect on the pull (invariant 3). */
  readonly onCacheFailure: (error: unknown) => void;
  readonly cacheUsed: (hit: boolean, bytes: number) => void;
}

export interface ManifestWanted {
  readonly upstream: UpstreamRegistry;
  readonly path: string;
  readonly digest: Digest;
  /** What a signature or the manifest above says. */
  readonly length?: number;
}

const MAX_KNOWN = 10_000;

/**
 * Manifests by digest: from the cache, else from the upstream, always verified, always read strictly, their edges in
 * the closure before anybody gets them. One upstream request a digest whoever asks. The media type is the document's.
 */
export class Manifests {
  private readonly options: ManifestsOptions;
  private readonly running = new Map<string, Promise<VerifiedManifest>>();
  private readonly keeping = new Set<Promise<void>>();
  private readonly edgesKnown = new Set<Digest>();
  private readonly hot = new HotManifests();

  constructor(options: ManifestsOptions) {
    this.options = options;
  }

  /** @throws upstream.* · integrity.* */
  async get(wanted: ManifestWanted): Promise<VerifiedManifest> {
    const { digest, length } = wanted;
    const { maxBytes } = this.options;
    if (length !== undefined && length > maxBytes) throw tooLarge(digest, length, maxBytes);
    const cached = this.running.has(keyOf(wanted)) ? undefined : await this.cached(digest);
    const manifest = cached === undefined ? await this.once(wanted) : await this.recorded(cached);
    this.options.cacheUsed(cached !== undefined, manifest.bytes.length);
    // One request for all; each caller still holds the answer to the length that its own signature names.
    verifyBytes(digest, length, manifest.bytes);
    return manifest;
  }

  /** Whether the cache still has it: what was evicted, or removed on purpose, is not served from memory either. A use. */
  async isCached(digest: Digest): Promise<boolean> {
    return (await this.options.cache.stat(digest)) !== undefined;
  }

  /** Out of memory and cache; what is on its way there is waited for, and goes too. */
  async drop(digests: ReadonlySet<Digest>): Promise<void> {
    for (const digest of digests) this.hot.drop(digest);
    const mine = [...this.running].filter(([key]) => [...digests].some((digest) => key.endsWith(`@${digest}`)));
    await Promise.allSettled(mine.map(([, running]) => running));
    await Promise.all(this.keeping);
    for (const digest of digests) await this.options.cache.delete(digest);
  }

  /** Resolves when what was fetched is in the cache. */
  async close(): Promise<void> {
    await Promise.all(this.keeping);
  }

  /**
   * Shared until it is in the cache, not just until it is there: the HEAD and the GET of one pull are milliseconds apart,
   * and a registry that counts pulls would count two.
   */
  private async once(wanted: ManifestWanted): Promise<VerifiedManifest> {
    const key = keyOf(wanted);
    const running = this.running.get(key) ?? this.fetch(wanted);
    this.running.set(key, running);
    return await running;
  }

  private async fetch(wanted: ManifestWanted): Promise<VerifiedManifest> {
    const { upstream, path, digest } = wanted;
    try {
      const { bytes, contentType } = await upstream.manifest(path, digest, { maxBytes: this.options.maxBytes });
      verifyBytes(digest, undefined, bytes);
      const manifest = await this.recorded({ ...parseManifest(bytes, contentType), digest, bytes });
      this.keepInBackground(wanted, bytes);
      return manifest;
    } catch (error) {
      this.running.delete(keyOf(wanted));
      throw error;
    }
  }

  /** Its edges are in the closure before anybody gets it; also when the cache outlived the database. */
  private async recorded(manifest: VerifiedManifest): Promise<VerifiedManifest> {
    if (this.edgesKnown.has(manifest.digest)) return manifest;
    await this.options.closure.recordManifest(manifest.digest, manifest.children);
    if (this.edgesKnown.size >= MAX_KNOWN) this.edgesKnown.clear();
    this.edgesKnown.add(manifest.digest);
    return manifest;
  }

  private async cached(digest: Digest): Promise<VerifiedManifest | undefined> {
    const hot = (await this.isCached(digest)) ? this.hot.get(digest) : undefined;
    return hot ?? (await this.fromDisk(digest));
  }

  private async fromDisk(digest: Digest): Promise<VerifiedManifest | undefined> {
    try {
      const bytes = await this.read(digest);
      if (bytes === undefined) return undefined;
      verifyBytes(digest, undefined, bytes);
      const manifest = { ...parseManifest(bytes), digest, bytes };
      this.hot.keep(manifest);
      return manifest;
    } catch (error) {
      this.options.onCacheFailure(error);
      await this.options.cache.delete(digest).catch(this.options.onCacheFailure);
      return undefined;
    }
  }

  private async read(digest: Digest): Promise<Uint8Array | undefined> {
    const reader = await this.options.cache.open(digest);
    if (reader === undefined) return undefined;
    try {
      if (reader.size > this.options.maxBytes) return undefined;
      const bytes = Buffer.alloc(reader.size);
      let filled = 0;
      for (let n = -1; filled < bytes.length && n !== 0; filled += n) {
        n = await reader.read(bytes.subarray(filled), filled);
      }
      return bytes.subarray(0, filled);
    } finally {
      await reader.close();
    }
  }

  /** The client does not wait for the disk. */
  private keepInBackground(wanted: ManifestWanted, bytes: Uint8Array): void {
    const kept = this.keep(wanted.digest, bytes)
      .catch(this.options.onCacheFailure)
      .finally(() => this.running.delete(keyOf(wanted)));
    this.keeping.add(kept);
    void kept.finally(() => this.keeping.delete(kept));
  }

  private async keep(digest: Digest, bytes: Uint8Array): Promise<void> {
    const writer = await this.options.cache.create(digest, bytes.length);
    if (writer === undefined) return;
    try {
      await writer.write(bytes);
      await writer.commit();
    } catch (cause) {
      await writer.abort();
      throw new TufgateError('cache.failed', `manifest ${digest} was not cached: ${messageOf(cause)}`, { cause });
    }
  }
}

/** The path is part of it: a registry may hide in one repository what it shows in another. */
function keyOf({ upstream, path, digest }: ManifestWanted): string {
  return `${upstream.name}/${path}@${digest}`;
}

function tooLarge(digest: Digest, length: number, maxBytes: number): TufgateError {
  return new TufgateError(
    'upstream.protocol',
    `manifest ${digest} is ${length} bytes long; limits.manifest allows ${maxBytes}`,
  );
}
