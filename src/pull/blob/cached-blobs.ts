import type { BlobReader } from '../../cache/blob-store.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { damagedCopy } from '../../verify/mismatch.ts';
import { verifyBytes } from '../../verify/verify-bytes.ts';
import { readBlock } from '../../verify/verify-file.ts';
import { putAside } from './check-cached.ts';
import { Checks } from './checks.ts';
import type { BlobReading, BlobRequest, FlightParts, VerifyReads } from './request.ts';
import { HashedReading, HeldReading, WarmReading } from './warm-readings.ts';

type Fetch = (request: BlobRequest, signal: AbortSignal) => Promise<BlobReading>;

/** One that has changed again when it was found right is changed by somebody, who may go on with it. */
const MAX_LOOKS = 2;

/**
 * Blobs that are in the cache, as far as they can be trusted.
 *
 * Guarantee: `changed`: no byte of a file that is not the one that was verified is sent before all of it was hashed; `always`: no
 * answer completes before. What is wrong is put aside, told, and a miss, which whoever asks does not notice.
 */
export class CachedBlobs {
  readonly #parts: FlightParts;
  readonly #verify: VerifyReads;
  readonly #checks: Checks;
  readonly #fetch: Fetch;
  /** Bytes of small blobs in memory: a client that reads slowly keeps its own. */
  #held = 0;

  /** @param fetch past the cache */
  constructor(parts: FlightParts, verify: VerifyReads, fetch: Fetch) {
    this.#parts = parts;
    this.#verify = verify;
    this.#checks = new Checks(parts);
    this.#fetch = fetch;
  }

  /** @returns undefined for a miss @throws the reason of `signal` */
  async open(request: BlobRequest, signal?: AbortSignal): Promise<BlobReading | undefined> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const reader = await this.#lookUp(request);
      if (reader === undefined) return undefined;
      if (this.#verify === 'never' || reader.unchanged) return await this.#reading(request, reader);
      await reader.close();
      if ((await this.#checks.check(request, signal)) !== 'right') return undefined;
    }
    return undefined;
  }

  /** Ends what is being hashed. */
  close(why: Error): Promise<void> {
    return this.#checks.close(why);
  }

  async #reading(request: BlobRequest, reader: BlobReader): Promise<BlobReading | undefined> {
    if (this.#verify !== 'always') return new WarmReading(request, this.#parts, reader);
    const { heldBytes, allHeldBytes } = this.#parts.sizes;
    const small = request.size <= heldBytes && this.#held + request.size <= allHeldBytes;
    if (small) return await this.#hold(request, reader);
    return new HashedReading(request, this.#parts, reader, {
      checks: this.#checks,
      lookUp: () => this.#lookUp(request),
      miss: (signal) => this.#fetch(request, signal),
    });
  }

  async #hold(request: BlobRequest, reader: BlobReader): Promise<BlobReading | undefined> {
    const { digest, size } = request;
    let kept = false;
    this.#held += size;
    try {
      const bytes = Buffer.alloc(size);
      for (let filled = 0; filled < size;) filled += await readBlock(reader, bytes.subarray(filled), filled, size);
      verifyBytes(digest, size, bytes, damagedCopy);
      kept = true;
      return new HeldReading(request, this.#parts, bytes, () => (this.#held -= size));
    } catch (error) {
      if (codeOf(error) === 'integrity.digest') await putAside(this.#parts, request, reader, error);
      else this.#parts.log.warn({ digest, error: messageOf(error) }, 'a cached blob cannot be read');
      return undefined;
    } finally {
      if (!kept) this.#held -= size;
      await reader.close();
    }
  }

  /** A blob of another size is not what the signed manifest means: a miss; a verified one will take its place. */
  async #lookUp(request: BlobRequest): Promise<BlobReader | undefined> {
    if (this.#parts.stuck.has(request.digest)) return undefined;
    try {
      const reader = await this.#parts.store.open(request.digest);
      if (reader === undefined || reader.size === request.size) return reader;
      await reader.close();
    } catch (error) {
      this.#parts.log.warn({ digest: request.digest, error: messageOf(error) }, 'the cache cannot be read');
    }
    return undefined;
  }
}
