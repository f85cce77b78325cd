import { imageName } from '../oci/reference.ts';
import type { Policy } from '../policy/rules.ts';
import { type Holds, holdsOf } from '../trust/lasting.ts';
import { decision, type DigestRequest, type TagRequest } from './recorded.ts';
import type { PullDeps } from './deps.ts';
import type { PulledManifest } from './pull-manifest.ts';
import type { TagRuling } from './rule-on-tag.ts';

type Request = TagRequest | DigestRequest;

/** What was answered for a tag, or for a digest, and what that rested on. */
interface WarmPull {
  readonly policy: Policy;
  readonly ruling: TagRuling;
  readonly holds: Holds;
  readonly pulled: PulledManifest;
  /** Until when what was given out counts as noted, epoch milliseconds. */
  readonly notedUntil: number;
}

export interface WarmPullsLimits {
  readonly entries: number;
  /** Of manifests, each counted for each tag that stands for it. */
  readonly bytes: number;
}

const LIMITS: WarmPullsLimits = { entries: 10_000, bytes: 16 << 20 };

/**
 * The last answers, by tag and by digest: what is asked for again and again costs no search, no hash and no question.
 *
 * Guarantee: an answer is given again only while whoever ruled on it says that he would rule the same now (`Holds`: same views,
 * confirmed by their sources less than `check_every` ago, nothing expired or ended since, no withdrawal stored by whatever process), under
 * the same policy, and while the cache has the manifest. Whatever moves ends it, and the next pull goes the whole way; only what was allowed, without
 * a would-be refusal, is kept at all. Memory is bounded: the least recently used make room.
 */
export class WarmPulls {
  readonly #limits: WarmPullsLimits;
  readonly #pulls = new Map<string, WarmPull>();
  #bytes = 0;

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  /** After a pull by the whole way. */
  keep(deps: PullDeps, request: Request, ruling: TagRuling, pulled: PulledManifest, notedUntil: number): void {
    const holds = holdsOf(ruling);
    if (holds === undefined || ruling.refusal !== undefined) return;
    const name = nameOf(request);
    this.#drop(name);
    this.#add(name, { policy: deps.policy, ruling, holds, pulled, notedUntil });
    for (const oldest of this.#pulls.keys()) {
      if (this.#pulls.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break;
      this.#drop(oldest);
    }
  }

  /**
   * Records the pull as any other, before the answer leaves.
   * @returns undefined when the whole way must be gone. @throws state.failed, as `deps.decisions`
   */
  async again(deps: PullDeps, request: Request): Promise<PulledManifest | undefined> {
    const name = nameOf(request);
    const pull = this.#pulls.get(name);
    if (pull === undefined) return undefined;
    // It waits for the cache's answer first: between the look at all the rest and the decision nothing happens.
    const isCached = await deps.manifests.isCached(pull.pulled.digest);
    if (this.#pulls.get(name) !== pull) return undefined;
    this.#drop(name);
    if (!isCached || !stands(pull, deps)) return undefined;
    this.#add(name, pull);
    deps.cacheUsed(true, pull.pulled.bytes.length);
    await deps.decisions.record(decision(deps.now(), request, 'manifest', pull.ruling));
    return pull.pulled;
  }

  #add(name: string, pull: WarmPull): void {
    this.#pulls.set(name, pull);
    this.#bytes += pull.pulled.bytes.length;
  }

  #drop(name: string): void {
    this.#bytes -= this.#pulls.get(name)?.pulled.bytes.length ?? 0;
    this.#pulls.delete(name);
  }
}

function nameOf(request: Request): string {
  return imageName({
    ...request.repository,
    ...('tag' in request ? { tag: request.tag } : { digest: request.digest }),
  });
}

function stands({ policy, notedUntil, holds }: WarmPull, deps: PullDeps): boolean {
  return policy === deps.policy && deps.now() < notedUntil && holds();
}
