import type { MetadataSource } from './metadata-source.ts';

/**
 * Whether something was published since the last update, where the source can tell (its stamp). Then neither `check_every` nor
 * the pause after a failure is waited for: who has just approved an image pulls it next.
 *
 * An update counts for what was published before it began. One that failed counts for nothing, but the same stamp is no
 * reason to try again sooner than otherwise.
 */
export class Publications {
  /** Absent where the source cannot tell: nobody waits for nothing then. */
  readonly look: (() => Promise<void>) | undefined;
  private readonly last: (() => string | undefined) | undefined;
  private now: string | undefined;
  private tried: string | undefined;
  private seen: string | undefined;

  constructor(source: Pick<MetadataSource, 'stamp' | 'lastStamp'>) {
    this.last = source.lastStamp && (() => source.lastStamp?.());
    this.look = source.stamp && (async () => void (this.now = await source.stamp?.()));
  }

  /** As of the last look. */
  get areNew(): boolean {
    return this.now !== this.seen;
  }

  /** A look now would find nothing new, as far as can be told without looking. */
  get areNone(): boolean {
    if (this.look === undefined) return true;
    const last = this.last?.();
    return last !== undefined && last === this.seen;
  }

  /** No update has begun since the last change that was seen. */
  get untried(): boolean {
    return this.now !== this.tried;
  }

  /** An update is about to ask for its first file. @returns what to call when it has ended well */
  begin(): () => void {
    const stamp = this.now;
    this.tried = stamp;
    return () => (this.seen = stamp);
  }
}
