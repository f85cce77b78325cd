import type { Writable } from 'node:stream';
import { TufgateError } from '../errors.ts';
import type { Child } from '../oci/manifest.ts';
import { repositoryName } from '../oci/reference.ts';
import { upstreamOf } from './ask-upstream.ts';
import type { BlobReading, BlobRequest } from './blob/flights.ts';
import { recorded, decision, type DigestRequest } from './recorded.ts';
import type { PullDeps } from './deps.ts';
import { type DigestRuling, ruleOnDigest } from './rule-on-digest.ts';

/**
 * One pull of a blob. It must hang on an approved image of this repository; its size is the one that the verified
 * manifest gives, so nobody is asked for it. A HEAD stops there: it never starts a download.
 */
export interface BlobAnswer {
  readonly size: number;
  /** It may be sent by whoever can open the cached file, as long as this answer is not closed. */
  readonly isVerifiedFile: boolean;
  /** Bytes `start` to `end`, inclusive. @throws integrity.* · upstream.*: destroy the connection, never end it */
  copyTo(to: Writable, range: { start: number; end: number }, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** @throws policy.* · trust.* · upstream.* · integrity.* */
export async function headBlob(deps: PullDeps, request: DigestRequest): Promise<{ readonly size: number }> {
  return await recorded(deps, request, 'blob', async (rule) => {
    const { edge } = await ruleOnBlob(deps, request, rule);
    return { size: edge.size };
  });
}

/**
 * @param isBodyWanted by the size of the blob: if not, nothing is opened, nor fetched for it
 * @throws policy.* · trust.* · upstream.* · integrity.*, before the first byte
 */
export async function pullBlob(
  deps: PullDeps,
  request: DigestRequest,
  isBodyWanted: (size: number) => boolean = () => true,
): Promise<BlobAnswer> {
  let ruling: DigestRuling | undefined;
  const reading = await recorded(deps, request, 'blob', async (rule) => {
    const ruled = await ruleOnBlob(deps, request, rule);
    ruling = ruled.ruling;
    return isBodyWanted(ruled.edge.size) ? await openBlob(deps, request, ruled.edge) : ruled.edge.size;
  });
  if (typeof reading === 'number') return { ...NO_BODY, size: reading };
  deps.cacheUsed(reading.warm, reading.size);
  return {
    size: reading.size,
    isVerifiedFile: reading.isVerifiedFile,
    close: () => reading.close(),
    async copyTo(to, range, signal) {
      try {
        await reading.copyTo(to, range, signal);
      } catch (error) {
        // The answer had begun as an allowed one: what came after it is a record of its own.
        if (!signal.aborted) await deps.decisions.record(decision(deps.now(), request, 'blob', ruling, error));
        throw error;
      }
    },
  };
}

const NO_BODY: Omit<BlobAnswer, 'size'> = {
  isVerifiedFile: false,
  copyTo: () => Promise.reject(new TufgateError('internal', 'a body that was not wanted')),
  close: () => Promise.resolve(),
};

async function ruleOnBlob(
  deps: PullDeps,
  request: DigestRequest,
  rule: (ruling: DigestRuling) => void,
): Promise<{ ruling: DigestRuling; edge: Child }> {
  const ruling = await ruleOnDigest(deps, request.repository, request.digest, 'blob');
  rule(ruling);
  const { edge } = ruling;
  if (edge === undefined) throw new TufgateError('internal', 'a blob that no manifest names');
  if (edge.size > deps.maxBlobBytes) {
    const why = `is ${edge.size} bytes long; limits.blob allows ${deps.maxBlobBytes}`;
    throw new TufgateError('upstream.protocol', `blob ${request.digest} ${why}`);
  }
  return { ruling, edge };
}

async function openBlob(
  deps: PullDeps,
  { repository, digest, signal }: DigestRequest,
  edge: Child,
): Promise<BlobReading> {
  const upstream = upstreamOf(deps, repository);
  const wanted: BlobRequest = {
    digest,
    size: edge.size,
    origin: repositoryName(repository),
    fetch: (offset, ended) => upstream.blob(repository.path, digest, { offset, signal: ended }),
  };
  return await deps.flights.open(wanted, signal);
}
