import { TufgateError } from '../errors.ts';
import type { Collection, EndedTag, TrustAdvance, TrustStore } from '../state/store.ts';
import { bytesOf, type Confirmed, type Held, moved, revived } from './held.ts';
import {
  allEnded,
  carryOver,
  lightened,
  sameFiles,
  type TrustContext,
  type Trusted,
  type View,
} from './tuf/collection.ts';
import { MAX_LOADED_BYTES, MAX_SHELF_BYTES } from './tuf/limits.ts';

/** The compare-and-set was lost: another process, `tufgate resolve` perhaps, moved the same collection. */
export class Overtaken extends Error {}

export interface HeldOptions {
  readonly store: TrustStore;
  readonly now: () => number;
  readonly maxShelfBytes?: number;
}

type EndedBelow = (shelf: Trusted['shelf']) => readonly EndedTag[];

/** What is held of one collection, in step with what is stored: nothing is held that was not made durable before. */
export class HeldTrust {
  held: Held = { kind: 'nothing', generation: 0 };
  private readonly name: Collection;
  private readonly ctx: TrustContext;
  private readonly store: TrustStore;
  private readonly now: () => number;
  private readonly maxShelfBytes: number;
  private readonly onUncovered: (error: TufgateError) => void;
  /** Steps are stored one after the other: the generation of one is where the next begins. */
  private last: Promise<unknown> = Promise.resolve();
  private weighed: { readonly held: Held; readonly bytes: number } | undefined;

  /** @param onUncovered told once when the configured pin does not cover what is stored */
  constructor(
    name: Collection,
    ctx: TrustContext,
    { store, now, maxShelfBytes = MAX_SHELF_BYTES }: HeldOptions,
    onUncovered: (error: TufgateError) => void,
  ) {
    this.name = name;
    this.ctx = ctx;
    this.store = store;
    this.now = now;
    this.maxShelfBytes = maxShelfBytes;
    this.onUncovered = onUncovered;
  }

  get view(): View | undefined {
    return this.held.kind === 'trusted' ? this.held.view : undefined;
  }

  get confirmed(): Confirmed {
    return this.held.kind === 'trusted' ? this.held : { checkedAt: 0, withdrawn: false };
  }

  /** Of metadata files. */
  get bytes(): number {
    if (this.weighed?.held !== this.held) this.weighed = { held: this.held, bytes: bytesOf(this.held) };
    return this.weighed.bytes;
  }

  /** Reads back what is stored, and verifies it again. @throws state.damaged · trust.wrong-name */
  async load(): Promise<void> {
    const { view: before } = this;
    const stored = await this.store.loadTrust(this.name);
    if (stored === undefined) {
      this.held = { kind: 'nothing', generation: 0 };
      return;
    }
    try {
      const held = revived(this.ctx, stored);
      this.held = held.view === undefined ? held : { ...held, view: carryOver(before, held.view) };
    } catch (error) {
      this.uncover(error, stored.generation);
    }
  }

  /**
   * @param after what the update trusts once the step is stored
   * @param below what of the shelf ends with the step, also of what a search has put there meanwhile
   * @throws Overtaken: nothing was stored; state.failed
   */
  async persist(step: TrustAdvance, after?: Trusted, below?: EndedBelow): Promise<void> {
    const mine = this.last.then(() => this.advance(this.withBelow(step, below), after));
    this.last = mine.catch(() => undefined);
    await mine;
  }

  /**
   * TUF 1.0: a delegated file that a search loaded, for the shelf. One that was loaded for a view of the past is not kept,
   * nor while an update has gone beyond the view: its version may lie above what recovery is about to begin anew, and no
   * honest file could come after it. The search has its answer all the same.
   *
   * The attack: a role's owner makes forty roles of ten megabytes, and asks for a name of each; the shelf would hold them
   * for good, for a role that was listed once stays listed. So what does not fit is not kept, and takes nobody else's
   * place. No role goes back for that: its version is the snapshot's to say, whose own version and entries are floors.
   *
   * @param instead what to store when the file does not fit: its role's old one goes, with all that it named, because
   *   what ends from now on would not be known
   */
  async shelve(
    view: View,
    step: TrustAdvance,
    instead: () => TrustAdvance | undefined = () => undefined,
  ): Promise<void> {
    const mine = this.last.then(() => this.shelveNow(view, step, instead));
    this.last = mine.catch(() => undefined);
    await mine;
  }

  private async shelveNow(view: View, whole: TrustAdvance, instead: () => TrustAdvance | undefined): Promise<void> {
    const trusted = this.newestUnder(view);
    if (trusted === undefined) return;
    const step = this.hasRoom(trusted.shelf, whole) ? whole : instead();
    if (step === undefined) return;
    try {
      await this.advance(step, undefined);
    } catch (error) {
      // Another process moved on: what it stored is what counts from now on.
      if (!(error instanceof Overtaken)) throw error;
      await this.load();
      return;
    }
    const { held } = this;
    if (held.kind !== 'trusted') return;
    const shelf = new Map(held.trusted.shelf);
    for (const role of step.forget ?? []) shelf.delete(role);
    for (const file of step.floors ?? []) shelf.set(file.role, file);
    this.held = { ...held, trusted: { ...held.trusted, shelf } };
  }

  /**
   * The attacks: hold a role's file back until an update has overtaken the search that asked for it, or fill the shelf. The answer
   * stands, but the file lies nowhere, and what the role's next file revokes is compared with nothing.
   */
  tracks({ kind, targets }: View, roles: readonly string[]): boolean {
    const { held } = this;
    if (kind === 'notary') return true;
    const shelf: Trusted['shelf'] = held.kind === 'trusted' ? held.trusted.shelf : new Map();
    const kept = (role: string): boolean => shelf.get(role)?.sha256 === targets.get(role)?.file.sha256;
    return roles.every((role) => role === 'targets' || kept(role));
  }

  private hasRoom(before: Trusted['shelf'], { floors = [] }: TrustAdvance): boolean {
    const shelf = new Map(before);
    for (const file of floors) shelf.set(file.role, file);
    return [...shelf.values()].reduce((sum, { bytes }) => sum + bytes.length, 0) <= this.maxShelfBytes;
  }

  /** What is trusted, when the view is the newest of it. */
  private newestUnder(view: View): Trusted | undefined {
    const { held } = this;
    if (held.kind !== 'trusted' || held.view === undefined) return undefined;
    const same = held.trusted.snapshot?.file.sha256 === view.snapshot.file.sha256 && sameFiles(held.view, view);
    return same ? held.trusted : undefined;
  }

  /** Every file of the view was verified in this update, or before under keys that still stand. */
  adopt(view: View, confirmed: Confirmed): void {
    if (this.held.kind !== 'trusted') return;
    const { generation, trusted, view: before } = this.held;
    this.held = { kind: 'trusted', generation, trusted, view: carryOver(before, view), ...confirmed };
  }

  /** TUF 1.0: what a search has loaded, unless the view is another by now. */
  carry(loaded: View): void {
    const { held } = this;
    if (held.kind !== 'trusted' || held.view?.snapshot.file.sha256 !== loaded.snapshot.file.sha256) return;
    this.held = { ...held, view: lightened(carryOver(loaded, held.view), MAX_LOADED_BYTES) };
  }

  /** The view stands as it was verified. */
  reconfirm(confirmed: Partial<Confirmed>, unusable?: View['unusable']): void {
    const { held } = this;
    if (held.kind !== 'trusted') return;
    const view = held.view && unusable ? { view: { ...held.view, unusable } } : {};
    this.held = { ...held, ...confirmed, ...view };
  }

  private async advance(step: TrustAdvance, after: Trusted | undefined): Promise<void> {
    const { kind, generation } = this.held;
    const whole = kind === 'uncovered' ? { ...step, restart: true } : this.withShelf(step);
    const result = await this.store.advanceTrust(this.name, generation, whole, this.now());
    if (result === 'conflict') throw new Overtaken();
    // As it is now: a search may have loaded a role meanwhile.
    const { held } = this;
    if (held.kind !== 'trusted') await this.load();
    else {
      const next = after === undefined ? held : moved(this.ctx, held, after, whole.forget ?? []);
      this.held = { ...next, generation: generation + 1 };
    }
  }

  private withBelow(step: TrustAdvance, below: EndedBelow | undefined): TrustAdvance {
    const { held } = this;
    if (held.kind !== 'trusted' || below === undefined) return step;
    return { ...step, ended: [...(step.ended ?? []), ...below(held.trusted.shelf)] };
  }

  /** Recovery takes the whole shelf, also what a search has put there since the update began. */
  private withShelf(step: TrustAdvance): TrustAdvance {
    const { held } = this;
    const { forget = [], ended = [] } = step;
    const recovers = forget.some((role) => role === 'timestamp' || role === 'snapshot');
    if (held.kind !== 'trusted' || !recovers) return step;
    const { shelf } = held.trusted;
    const all = [...new Set([...forget, ...shelf.keys()])];
    return { ...step, forget: all, ended: [...ended, ...allEnded(this.ctx, [...shelf.values()])] };
  }

  /**
   * A pin that does not cover what is stored comes from the operator's configuration alone. What was trusted before is
   * then worth nothing, and trust begins anew at the pin; nobody outside can bring this about.
   */
  private uncover(error: unknown, generation: number): void {
    if (!(error instanceof TufgateError) || error.code !== 'trust.pin') throw error;
    if (this.held.kind !== 'uncovered') this.onUncovered(uncovered(this.name, error));
    this.held = { kind: 'uncovered', generation };
  }
}

function uncovered({ gun }: Collection, cause: TufgateError): TufgateError {
  const what = `what is stored of ${gun} is not covered by the pin that is configured now`;
  return new TufgateError('trust.pin', `${what}; trust begins anew at the pin (${cause.message})`, { cause });
}
