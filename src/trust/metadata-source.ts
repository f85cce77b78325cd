import type { Pieces } from '../upstream/pieces.ts';

export type { Pieces } from '../upstream/pieces.ts';

/**
 * The metadata source port: where the bytes of one collection come from. Implemented over HTTP (`notary-source.ts`,
 * `tuf-source.ts`), from a folder (`folder-source.ts`) and by the simulators. What comes back is unverified, complete, and
 * bounded by the caller.
 */
export interface MetadataSource {
  /**
   * @param maxBytes more than this is `trust.too-large`, and is not read to its end
   * @param signal ends the wait; its reason is thrown
   * @returns pieces whose memory is the caller's own, to hand over to another thread perhaps; undefined when the source says
   *   that there is no such file (404)
   * @throws trust.unreachable (network, 5xx, 429, 401, 403: `detail.status`, and `detail.alarm` for the last two) ·
   *   trust.too-large
   */
  fetch(file: MetadataName, maxBytes: number, signal?: AbortSignal): Promise<Pieces | undefined>;
  /**
   * Where it costs next to nothing to see that something was published: a text that is another one then. It says nothing of what
   * was, and never throws. Absent where only asking tells.
   */
  stamp?(): Promise<string | undefined>;
  /** What `stamp` would answer now without looking; undefined where it would look. Absent where it always does. */
  lastStamp?(): string | undefined;
}

export type MetadataName =
  /** The newest root there is, for a collection that is not trusted yet. */
  | { readonly kind: 'newest-root' }
  | { readonly kind: 'root'; readonly version: number }
  | { readonly kind: 'timestamp' }
  /** Notary. Immutable: named by the hash that a verified file gave. */
  | { readonly kind: 'by-hash'; readonly role: string; readonly sha256: string }
  /** TUF 1.0: snapshot, targets or a delegated role; with consistent snapshots by its version, which makes it immutable. */
  | { readonly kind: 'role'; readonly role: string; readonly version?: number };
