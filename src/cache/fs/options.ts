import type { Digest } from '../../oci/digest.ts';
import type { CacheLimits } from '../eviction.ts';
import type { Pinned } from './evictor.ts';
import type { Quarantined } from './quarantine.ts';
import type { Schedule } from './use-notes.ts';

export interface FsBlobStoreOptions extends CacheLimits {
  /** The cache's own folder, `<data>/cache`; created when missing. One serving process at a time. */
  readonly directory: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of these, what eviction spares while anything else is left; nothing when absent. */
  readonly pinned?: Pinned;
  /** Words for the operator: the index was started over, or cannot be kept. */
  readonly onTrouble?: (message: string) => void;
  /** A blob that was set apart, because its file has another length than was committed. */
  readonly onDamage?: (digest: Digest) => void;
  /** Timers of what is written down in the background. */
  readonly schedule?: Schedule;
}

export interface CacheUsage {
  readonly blobs: number;
  /** Bytes that can be read, as `du --apparent-size` counts them; the limits are about these. */
  readonly bytes: number;
  /** Bytes of disk that they take, as `du` counts them. */
  readonly allocated: number;
  /** Bytes of blobs that are being written. */
  readonly temporaryBytes: number;
  readonly quarantined: Quarantined;
  /** Since the start. */
  readonly evicted: { readonly blobs: number; readonly bytes: number };
}
