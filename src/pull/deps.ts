import type { Digest } from '../oci/digest.ts';
import type { Decision } from '../policy/decision.ts';
import type { Policy } from '../policy/rules.ts';
import type { ClosureStore } from '../state/store.ts';
import type { TrustService } from '../trust/service.ts';
import type { Withdrawals } from '../trust/withdrawals.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import type { Basis } from './basis.ts';
import type { BlobFlights } from './blob/flights.ts';
import type { GivenOutMemory } from './give-out.ts';
import type { KnownCovers } from './known-covers.ts';
import type { Manifests } from './manifests.ts';
import type { WarmPulls } from './warm-pulls.ts';

/** What it takes to say yes or no; `tufgate resolve` has just this. */
export interface RulingDeps {
  readonly policy: Policy;
  readonly trust: TrustService;
  readonly withdrawals: Pick<Withdrawals, 'objection' | 'weigh' | 'stored'>;
  /** By canonical name: only these are ever contacted. */
  readonly upstreams: ReadonlyMap<string, UpstreamRegistry>;
  readonly closure: ClosureStore;
  readonly unsignedTags: UnsignedTags;
  readonly covers: KnownCovers;
  readonly basis: Basis;
  /** How long the registry's word for an unsigned but allowed tag is believed. */
  readonly checkEveryMs: number;
  readonly maxManifestBytes: number;
  /** Epoch milliseconds; never goes back. */
  readonly now: () => number;
}

/** What it takes to serve as well; `compose.ts` builds it once. */
export interface PullDeps extends RulingDeps {
  readonly manifests: Manifests;
  readonly flights: BlobFlights;
  readonly givenOut: GivenOutMemory;
  readonly warm: WarmPulls;
  /** @throws state.failed when the decision must be kept and cannot be: the answer is then not given */
  readonly decisions: { record(decision: Decision): Promise<void> };
  /** Told of each manifest and blob: found in the cache or not, and its bytes. */
  readonly cacheUsed: (hit: boolean, bytes: number) => void;
  readonly maxBlobBytes: number;
}

/** What the registry last said of tags that no signature covers, by image name. */
export interface UnsignedTags {
  get(image: string): UnsignedTag | undefined;
  set(image: string, tag: UnsignedTag): void;
}

export type UnsignedTag =
  | { readonly found: true; readonly digest: Digest; readonly at: number }
  | { readonly found: false; readonly at: number }
  /** It answered 5xx, and there was no other word of it. */
  | { readonly found: 'unknown'; readonly at: number };
