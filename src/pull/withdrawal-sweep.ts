import { setImmediate } from 'node:timers/promises';
import { codeOf, type TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import type { ClosureStore, Given, Withdrawal, WithdrawalStore } from '../state/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { later, pause } from '../trust/patience.ts';
import type { TrustEvent } from '../trust/trust-event.ts';
import type { Withdrawals } from '../trust/withdrawals.ts';
import { evictable } from './evictable.ts';

export interface WithdrawalSweepOptions {
  readonly withdrawals: Pick<Withdrawals, 'look' | 'stored'>;
  readonly state: ClosureStore & WithdrawalStore;
  /** Out of the cache, and of memory; whoever is being sent one is told why. @throws cache.failed */
  readonly evict: (digests: ReadonlySet<Digest>, why: TufgateError) => Promise<void>;
  /** Once for each that was carried out. */
  readonly tell: (withdrawal: Withdrawal, why: TufgateError, evicted: number) => Promise<void>;
  readonly log: Logger;
}

/** Digests that are asked about, or withdrawals that are carried out, at once; in between others have their turn. */
const SLICE = 128;
/** How long closing waits for what is under way; the next start does the rest. */
const PATIENCE_MS = 2_000;
/** More than an index of indexes may hold. */
const MAX_BELOW = 1_000_000;

/**
 * Withdrawals reach a gate that nobody pulls from: when a repository has published something, all that was ever given out
 * is asked again by its name, the manifests below it too, and what was taken back is evicted and told.
 *
 * Guarantee: whoever saw a withdrawal first (a sweep, a pull, a command), it is carried out: the database remembers what is still
 * to be done, over a crash too. A look that could not be finished is done again after the next update.
 */
export class WithdrawalSweep {
  readonly #options: WithdrawalSweepOptions;
  /** By source: the snapshot that is to be looked through, and the one that was, to its end. */
  readonly #due = new Map<string, string>();
  readonly #swept = new Map<string, string>();
  #pending = true;
  /** Something could not be carried out. */
  #left = false;
  #running: Promise<void> | undefined;
  #closed = false;

  /** Begins with what an earlier process has left. */
  constructor(options: WithdrawalSweepOptions) {
    this.#options = options;
    this.#go();
  }

  /** @param sources names of the TUF 1.0 sources */
  note(event: TrustEvent, sources: ReadonlySet<string>): void {
    if (event.kind !== 'refreshed' || event.failure !== undefined || event.snapshot === undefined) return;
    const { source } = event.collection;
    if (!sources.has(source)) return;
    if (this.#left) this.seen();
    if (this.#swept.get(source) === event.snapshot) return;
    this.#due.set(source, event.snapshot);
    this.#go();
  }

  /** Something was stored that is to be carried out. */
  seen(): void {
    this.#pending = true;
    this.#go();
  }

  /** Resolves when nothing is left to do now. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const { over, cancel } = pause(later, PATIENCE_MS);
    await Promise.race([this.settled(), over]);
    cancel();
  }

  #go(): void {
    if (this.#closed || this.#running !== undefined) return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      if (this.#hasWork) this.#go();
    });
  }

  get #hasWork(): boolean {
    return this.#pending || this.#due.size > 0;
  }

  async #work(): Promise<void> {
    // Not within the event that began it.
    await setImmediate();
    while (this.#hasWork && !this.#closed) {
      await this.#carryOutAll();
      for (const [source, snapshot] of this.#due) {
        this.#due.delete(source);
        await this.#attempt('digests could not be asked about', () => this.#sweep(source, snapshot));
      }
    }
  }

  async #sweep(source: string, snapshot: string): Promise<void> {
    const { state, withdrawals } = this.#options;
    let unknown = 0;
    let page = await state.givenOutAfter(undefined, SLICE);
    for (; page.length > 0 && !this.#closed; page = await state.givenOutAfter(page.at(-1), SLICE)) {
      const all = await this.#withManifestsBelow(page);
      for (let from = 0; from < all.length; from += SLICE) {
        unknown += await withdrawals.look(source, all.slice(from, from + SLICE));
        await setImmediate();
      }
      if (this.#pending) await this.#carryOutAll();
    }
    if (unknown === 0 && !this.#closed) this.#swept.set(source, snapshot);
  }

  /** One platform of an index may be withdrawn by itself. */
  async #withManifestsBelow(page: readonly Given[]): Promise<readonly Given[]> {
    const all: Given[] = [];
    for (const { repository, digest } of page) {
      for (const below of await this.#options.state.manifestsBelow(digest, MAX_BELOW))
        all.push({ repository, digest: below });
    }
    return all;
  }

  async #carryOutAll(): Promise<void> {
    this.#pending = false;
    this.#left = !(await this.#attempt('a withdrawal could not be carried out', async () => {
      const { state } = this.#options;
      let left = await state.pendingWithdrawals(SLICE);
      for (; left.length > 0 && !this.#closed; left = await state.pendingWithdrawals(SLICE))
        for (const each of left) await this.#carryOut(each);
    }));
  }

  async #carryOut(withdrawal: Withdrawal): Promise<void> {
    const { state, withdrawals, evict, tell } = this.#options;
    const { repository, digest } = withdrawal;
    const binding = (await withdrawals.stored(parseRepositoryName(repository), [digest])).get(digest);
    // Lifted meanwhile, or of a source that is not configured any more.
    if (binding !== undefined) {
      const gone = await evictable(state, withdrawals, digest);
      await evict(gone, binding.error);
      await tell(withdrawal, binding.error, gone.size);
    }
    await state.carriedOut(withdrawal);
  }

  /** The next update, or the next start, tries again. @returns whether it went well */
  async #attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.log.warn({ err: error, code: codeOf(error) }, `${what}: it is tried again`);
      return false;
    }
  }
}
