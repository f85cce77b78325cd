import type { IncomingHttpHeaders } from 'node:http';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';
import type { HeldBlobs } from './held-blobs.ts';
import { knownHeaders } from './registry-api.ts';

/**
 * A cached blob that needs nothing more of us is sent by the web server before us, which has a process for each core: the answer has no
 * body, and names the file in `X-Accel-Redirect`. All else happens as always, and before: rules, withdrawals, the record, the accounts.
 *
 * Guarantee: the name is made of a checked digest and the configured prefix, of nothing that a client or an upstream sent.
 */
export interface HandOff {
  /** Of the web server's internal location, with a slash at both ends. */
  readonly prefix: string;
  readonly held: HeldBlobs;
}

/** What is smaller is sent sooner than it is handed off. Bytes. */
const SMALLEST = 64 * 1024;

/**
 * The web server's own word that it found no file: evicted, set apart, or withdrawn since. It is judged anew, and streamed. The
 * web server takes it out of what clients send; one that came through would only cost its sender the web server's speed.
 */
const STREAM = 'x-tufgate-stream';

/** Conditions that the web server would judge by validators of its own. */
const JUDGED_THERE = ['if-match', 'if-unmodified-since'] as const;

export function mayHandOff(
  blob: { readonly size: number; readonly isVerifiedFile: boolean },
  headers: IncomingHttpHeaders,
): boolean {
  if (!blob.isVerifiedFile || blob.size < SMALLEST) return false;
  return headers[STREAM] === undefined && JUDGED_THERE.every((name) => headers[name] === undefined);
}

/** Ranges, their length included, are the web server's to tell. The name is as the cache lays its files out below its `blobs` folder. */
export function handOffHeaders({ prefix }: Pick<HandOff, 'prefix'>, digest: Digest): Record<string, string> {
  const hex = hexOf(digest);
  const name = `${prefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '0' };
  return { ...headers, ...knownHeaders(digest), 'x-accel-redirect': name };
}
