import { messageOf, TufgateError } from '../errors.ts';
import type { Collection as CollectionName, StoredTrust, TrustAdvance, TrustStore } from '../state/store.ts';
import { DelegatedLoads } from './delegated-loads.ts';
import type { MetadataSource } from './metadata-source.ts';
import { Outgrown, smallFilesOnly } from './outgrown.ts';
import { later, pause, type Schedule, within } from './patience.ts';
import { refresh } from './refresh.ts';
import { changeOf, type TrustEvent } from './trust-event.ts';
import {
  carryOver,
  difference,
  type Edge,
  endsByPeople,
  newestRoot,
  restore,
  type Said,
  saidBefore,
  type TrustContext,
  type Trusted,
  type View,
  viewFiles,
  viewUnder,
} from './tuf/collection.ts';

/**
 * One collection in use: one update at a time, everyone else waits for it; readers see the old view or the new one,
 * never a mix.
 *
 * Freshness: a view older than `checkEvery` is asked for again. A source that answers slowly, or hangs, delays a pull by
 * two seconds while there is a view that may serve: the update goes on behind, under a deadline of its own. When it fails the last view goes on, with an alarm
 * where an attacker or a wrong password may be behind it, until it expires or `staleIfUnreachable` ends. A collection
 * that the source had and has no more (404) is withdrawn: it serves nothing until it is back.
 */
export interface CollectionOptions {
  readonly store: TrustStore;
  readonly checkEveryMs: number;
  readonly staleIfUnreachableMs: number | 'until_expiry';
  readonly maxBytes: number;
  /** With more metadata than this the collection is outgrown: it must be held by another thread. */
  readonly largeBytes?: number;
  readonly now: () => number;
  readonly on: (event: TrustEvent) => void;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
}

/** What a collection is opened with. */
export interface Opened extends CollectionName {
  readonly ctx: TrustContext;
  readonly metadata: MetadataSource;
}

/** A view, when its source last confirmed it, and why it could not be confirmed just now. */
export interface Current {
  readonly view: View;
  readonly checkedAt: number;
  readonly failure?: TufgateError;
}

/** What is held of a collection, as it is stored. */
type Held =
  | { readonly kind: 'nothing'; readonly generation: 0 }
  /** The configured pin does not cover what is stored: the next update begins a new chain at the pin. */
  | { readonly kind: 'uncovered'; readonly generation: number }
  | Trusting;

interface Trusting extends Confirmed {
  readonly kind: 'trusted';
  readonly generation: number;
  readonly trusted: Trusted;
  readonly view?: View;
  /** What a view said that is stored, but does not stand any more. */
  readonly fallen?: Said;
}

interface Confirmed {
  readonly checkedAt: number;
  readonly withdrawn: boolean;
}

/** A failed or fruitless try is not repeated sooner: the source is not ours to hammer. */
const RETRY_MS = 5_000;
/** How long an update may delay those who have a view that may serve. */
const PATIENCE_MS = 2_000;
/** A whole update, however many files it has. */
const UPDATE_MS = 60_000;

interface Running {
  readonly done: Promise<void>;
  /** Resolves when `PATIENCE_MS` have passed since it began, or it is done. */
  readonly patience: Promise<void>;
}

/** The compare-and-set was lost: another process, `tufgate resolve` perhaps, moved the same collection. */
class Overtaken extends Error {}

export class Collection {
  private readonly opened: Opened;
  private readonly options: CollectionOptions;
  private held: Held = { kind: 'nothing', generation: 0 };
  /** How the last try ended, and when. */
  private failure: TufgateError | undefined;
  private triedAt = Number.NEGATIVE_INFINITY;
  private running: Running | undefined;
  private outgrown: Outgrown | undefined;
  private weighed: { readonly held: Held; readonly bytes: number } | undefined;
  private readonly source: MetadataSource;
  private readonly loads: DelegatedLoads;
  /** Steps are stored one after the other: the generation of one is where the next begins. */
  private stored: Promise<unknown> = Promise.resolve();

  private constructor(opened: Opened, options: CollectionOptions) {
    this.opened = opened;
    this.options = options;
    const { now, maxBytes, largeBytes } = options;
    this.source = largeBytes === undefined ? opened.metadata : smallFilesOnly(opened.metadata, largeBytes);
    this.loads = new DelegatedLoads({
      ctx: opened.ctx,
      source: this.source,
      maxBytes,
      now,
      shelf: (role) => (this.held.kind === 'trusted' ? this.held.trusted.shelf.get(role) : undefined),
      keep: (step) => this.keep(step),
    });
  }

  /** From what is stored, verified again. @throws state.damaged · trust.wrong-name */
  static async open(opened: Opened, options: CollectionOptions): Promise<Collection> {
    const collection = new Collection(opened, options);
    await collection.load();
    return collection;
  }

  /**
   * The view, fresh or the last that still may serve.
   * @throws trust.unsigned (no such collection) · trust.withdrawn · trust.unreachable · the code of refused bytes · Outgrown
   */
  async current(): Promise<Current> {
    if (!this.isFresh()) await (this.mayServe() ? this.begin()?.patience : this.update());
    // Meanwhile a new root may have come by which the view does not stand.
    if (this.running !== undefined && !this.mayServe()) await this.update();
    return this.answer();
  }

  /** One more try although the view is fresh: what was found in it has expired. */
  async again(): Promise<Current> {
    await this.update();
    return this.answer();
  }

  /** Before somebody asks: a view that was confirmed longer ago than this is asked for again. Never throws. */
  async refreshOlderThan(ms: number): Promise<void> {
    const { view, checkedAt, withdrawn } = this.standing();
    if (view === undefined || withdrawn || this.options.now() - checkedAt < ms) return;
    // How it ended is told as an event, and by the next answer.
    await this.update().catch(() => undefined);
  }

  /** What is known without asking the source. @throws trust.withdrawn */
  known(): Current | undefined {
    const { view, checkedAt, withdrawn } = this.standing();
    if (withdrawn) throw gone(this.opened);
    return view === undefined ? undefined : { view, checkedAt };
  }

  get ctx(): TrustContext {
    return this.opened.ctx;
  }

  /** T0 of whatever is judged now. */
  now(): number {
    return this.options.now();
  }

  /** TUF 1.0: the view with one more delegated file, which a search asked for. @throws trust.*: the search fails */
  async withDelegated(view: View, edge: Edge): Promise<View> {
    const loaded = await this.loads.load(view, edge);
    const { held } = this;
    if (held.kind === 'trusted' && held.view?.snapshot.file.sha256 === view.snapshot.file.sha256)
      this.held = { ...held, view: carryOver(loaded, held.view) };
    return loaded;
  }

  /** Of files, each counted once. */
  get bytes(): number {
    if (this.weighed?.held !== this.held) this.weighed = { held: this.held, bytes: bytesOf(this.held) };
    return this.weighed.bytes;
  }

  /** What the last view names, whether or not it may serve: it only tells where to look. */
  said(): Said | undefined {
    return this.held.kind === 'trusted' ? (this.held.view ?? this.held.fallen) : undefined;
  }

  private standing(): { view?: View; checkedAt: number; withdrawn: boolean } {
    return this.held.kind === 'trusted' ? this.held : { checkedAt: 0, withdrawn: false };
  }

  private isFresh(): boolean {
    const { view, checkedAt, withdrawn } = this.standing();
    return view !== undefined && !withdrawn && this.options.now() - checkedAt < this.options.checkEveryMs;
  }

  /** There is a view that answers should the source not. Whether it has expired is seen by who looks a tag up. */
  private mayServe(): boolean {
    const { view, withdrawn } = this.standing();
    return view !== undefined && !withdrawn && !this.isTooOld();
  }

  private isTooOld(): boolean {
    const { now, staleIfUnreachableMs } = this.options;
    return staleIfUnreachableMs !== 'until_expiry' && now() - this.standing().checkedAt > staleIfUnreachableMs;
  }

  private answer(): Current {
    const { largeBytes = Infinity } = this.options;
    if (this.outgrown !== undefined) throw this.outgrown;
    if (this.bytes > largeBytes) throw new Outgrown(`${this.opened.gun} has ${this.bytes} bytes of metadata`);
    const { view, checkedAt, withdrawn } = this.standing();
    const { failure } = this;
    // Something is there again, but it does not verify: that tells more than that it was gone.
    if (withdrawn) throw failure === undefined || failure.code === 'trust.unreachable' ? gone(this.opened) : failure;
    if (view === undefined) throw failure ?? unsigned(this.opened);
    if (failure === undefined) return { view, checkedAt };
    if (this.isTooOld()) throw failure;
    return { view, checkedAt, failure };
  }

  private async update(): Promise<void> {
    await this.begin()?.done;
  }

  /** The update that runs, begun now if none did; undefined when the last one has only just ended. */
  private begin(): Running | undefined {
    if (this.running !== undefined) return this.running;
    if (this.options.now() - this.triedAt < RETRY_MS) return undefined;
    const { over, cancel } = pause(this.options.schedule ?? later, PATIENCE_MS);
    const done = this.run().finally(() => {
      this.triedAt = this.options.now();
      this.running = undefined;
      cancel();
    });
    // A fault of our own goes to who waits; where nobody does any more it is what the next answer tells.
    done.catch((error: unknown) => (this.failure = asTrustError(this.opened, error)));
    this.running = { done, patience: over };
    return this.running;
  }

  private async run(): Promise<void> {
    const began = this.options.now();
    const before = this.standing().view?.timestamp.file.sha256;
    try {
      await this.refreshOrJoin();
      this.failure = undefined;
    } catch (error) {
      if (error instanceof Outgrown) return void (this.outgrown = error);
      await this.fail(error);
    }
    this.tell(before, this.options.now() - began);
  }

  /** Overtaken once is no outage: what the other process stored counts, and is asked for again only if it is old. */
  private async refreshOrJoin(): Promise<void> {
    try {
      await this.refreshOnce();
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      await this.load();
      if (!this.isFresh()) await this.refreshOnce();
    }
  }

  private async refreshOnce(): Promise<void> {
    const { source } = this;
    const { ctx } = this.opened;
    const { maxBytes } = this.options;
    const now = await this.options.store.raiseClock(this.options.now());
    const before = this.held;
    const trusted = before.kind === 'trusted' ? before.trusted : undefined;
    const persist = (step: TrustAdvance, after: Trusted): Promise<void> => this.persist(step, after);
    const alarm = (error: TufgateError): void => this.options.on({ kind: 'alarm', collection: this.opened, error });
    const view = await within(this.options.schedule ?? later, UPDATE_MS, `the update of ${ctx.gun}`, (signal) =>
      refresh({ ctx, source, trusted, now, maxBytes, persist, signal, alarm }),
    );
    if (view === undefined) await this.withdraw(before);
    else await this.commit(before, view);
  }

  /** @param held what the update began with */
  private async commit(held: Held, view: View): Promise<void> {
    const { view: before, fallen } = held.kind === 'trusted' ? held : {};
    const confirmed = { checkedAt: this.options.now(), withdrawn: false };
    if (before?.timestamp.file.sha256 === view.timestamp.file.sha256) {
      await this.confirm(held, view, confirmed);
      return;
    }
    const change = difference(comparable(before ?? fallen, view), view);
    await this.persist({ ...confirmed, ended: change.ended, view: viewFiles(view) });
    this.adopt(view, confirmed);
    if (before === undefined && fallen === undefined && this.opened.ctx.anchor.kind === 'first-use') {
      this.options.on({ kind: 'first-use', collection: this.opened, keys: view.root.signers });
    }
    this.options.on({ kind: 'changed', collection: this.opened, ...changeOf(before, view, change) });
  }

  /** The source said nothing new, which is what it says most of the time: what is held stands as it was verified. */
  private async confirm(held: Held, view: View, confirmed: Confirmed): Promise<void> {
    const moved = this.held.generation !== held.generation;
    await this.persist(confirmed);
    if (moved || this.held.kind !== 'trusted' || this.held.view === undefined) this.adopt(view, confirmed);
    else this.held = { ...this.held, ...confirmed, view: { ...this.held.view, unusable: view.unusable } };
  }

  /** Every file of it was verified in this update, or before under keys that still stand: nothing is read back. */
  private adopt(view: View, confirmed: Confirmed): void {
    if (this.held.kind !== 'trusted') return;
    const { generation, trusted, view: before } = this.held;
    this.held = { kind: 'trusted', generation, trusted, view: carryOver(before, view), ...confirmed };
  }

  /** Notary: 404 for what was never there is "nobody signed"; for what was there it is `trust.withdrawn`. */
  private async withdraw(before: Held): Promise<void> {
    if (this.ctx.format.kind === 'tuf') throw noTimestamp(this.opened);
    if (before.kind !== 'trusted' || (before.view ?? before.fallen) === undefined) throw unsigned(this.opened);
    if (before.withdrawn) return;
    await this.persist({ withdrawn: true });
    if (this.held.kind === 'trusted') this.held = { ...this.held, withdrawn: true };
    this.options.on({ kind: 'alarm', collection: this.opened, error: gone(this.opened) });
  }

  private async fail(cause: unknown): Promise<void> {
    const error = asTrustError(this.opened, cause);
    this.failure = error;
    const outage = error.code === 'trust.unreachable' && error.detail['alarm'] !== true;
    if (!outage && error.code !== 'trust.unsigned') {
      this.options.on({ kind: 'alarm', collection: this.opened, error });
    }
    if (cause instanceof Overtaken) await this.load();
  }

  private tell(before: string | undefined, ms: number): void {
    const { view, withdrawn } = this.standing();
    const { failure } = this;
    const same = view?.timestamp.file.sha256 === before;
    const outcome = failure !== undefined ? 'failed' : withdrawn ? 'withdrawn' : same ? 'unchanged' : 'changed';
    const why = failure === undefined ? {} : { failure };
    this.options.on({ kind: 'refreshed', collection: this.opened, outcome, ms, ...endsOf(view), ...why });
  }

  /** The shelf moves with what is stored, and nothing else does: no view needs to be read back. */
  private async keep(step: TrustAdvance): Promise<void> {
    await this.persist(step);
    const { held } = this;
    if (held.kind !== 'trusted') return;
    const shelf = new Map(held.trusted.shelf);
    for (const file of step.floors ?? []) shelf.set(file.role, file);
    this.held = { ...held, trusted: { ...held.trusted, shelf } };
  }

  private async persist(step: TrustAdvance, after?: Trusted): Promise<void> {
    const mine = this.stored.then(() => this.store(step, after));
    this.stored = mine.catch(() => undefined);
    await mine;
  }

  private async store(step: TrustAdvance, after: Trusted | undefined): Promise<void> {
    const { held } = this;
    const { generation } = held;
    const whole = held.kind === 'uncovered' ? { ...step, restart: true } : step;
    const result = await this.options.store.advanceTrust(this.opened, generation, whole, this.options.now());
    if (result === 'conflict') throw new Overtaken();
    if (held.kind !== 'trusted') await this.load();
    else this.held = { ...this.moved(held, after, step.forget ?? []), generation: generation + 1 };
  }

  /** Whoever does not wait for this update must not be served what a new root no longer covers. */
  private moved(held: Trusting, after: Trusted | undefined, forgotten: readonly string[]): Trusting {
    if (after === undefined) return held;
    // The shelf moves on its own, with the searches that run meanwhile.
    const shelf = new Map([...held.trusted.shelf].filter(([role]) => !forgotten.includes(role)));
    const trusted = { ...after, progress: undefined, shelf };
    const { view, ...rest } = held;
    if (view === undefined || view.root === newestRoot(trusted)) return { ...held, trusted };
    const standing = viewUnder(this.ctx, trusted, view);
    return { ...rest, trusted, ...(standing === undefined ? { fallen: view, checkedAt: 0 } : { view: standing }) };
  }

  private async load(): Promise<void> {
    const before = this.standing().view;
    const stored = await this.options.store.loadTrust(this.opened);
    if (stored === undefined) {
      this.held = { kind: 'nothing', generation: 0 };
      return;
    }
    const held = this.revive(stored);
    const carried = held.kind === 'trusted' && held.view && carryOver(before, held.view);
    this.held = carried ? { ...held, view: carried } : held;
  }

  /**
   * A pin that does not cover what is stored comes from the operator's configuration alone. What was trusted before is
   * then worth nothing, and trust begins anew at the pin; nobody outside can bring this about.
   */
  private revive(stored: StoredTrust): Held {
    const { generation, checkedAt, withdrawn } = stored;
    try {
      const { trusted, view } = restore(this.opened.ctx, stored);
      if (view !== undefined) return { kind: 'trusted', generation, trusted, withdrawn, view, checkedAt };
      const fallen = stored.view && saidBefore(this.opened.ctx, stored.view);
      return { kind: 'trusted', generation, trusted, withdrawn, checkedAt: 0, ...(fallen && { fallen }) };
    } catch (error) {
      if (!(error instanceof TufgateError) || error.code !== 'trust.pin') throw error;
      if (this.held.kind !== 'uncovered') this.tellUncovered(error);
      return { kind: 'uncovered', generation };
    }
  }

  private tellUncovered(cause: TufgateError): void {
    const what = `what is stored of ${this.opened.gun} is not covered by the pin that is configured now`;
    const error = new TufgateError('trust.pin', `${what}; trust begins anew at the pin (${cause.message})`, { cause });
    this.options.on({ kind: 'alarm', collection: this.opened, error });
  }
}

function bytesOf(held: Held): number {
  if (held.kind !== 'trusted') return 0;
  const { roots, timestamp, snapshot, targets, shelf } = held.trusted;
  const accepted = [...roots, timestamp, snapshot, ...targets.values(), held.view?.timestamp, held.view?.snapshot];
  const said = [...((held.view ?? held.fallen)?.targets.values() ?? [])];
  const files = new Set([...accepted, ...said].flatMap((each) => (each === undefined ? [] : [each.file])));
  return [...files, ...shelf.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function asTrustError({ gun }: Opened, cause: unknown): TufgateError {
  if (cause instanceof TufgateError) return cause;
  if (cause instanceof Overtaken) {
    return new TufgateError('trust.unreachable', `${gun}: other processes keep updating it; try again`, { cause });
  }
  return new TufgateError('internal', messageOf(cause), { cause });
}

function endsOf(view: View | undefined): { ends?: ReadonlyMap<string, number> } {
  return view === undefined ? {} : { ends: endsByPeople(view) };
}

/** In TUF 1.0 only what both views have loaded can be compared: what searches have not come by yet ended nowhere. */
function comparable(before: Said | undefined, after: View): Said | undefined {
  if (before === undefined || after.kind === 'notary') return before;
  return { ...before, targets: new Map([...before.targets].filter(([role]) => after.targets.has(role))) };
}

/** One repository for all images is not withdrawn: its address is wrong, or its web server is. */
function noTimestamp({ source }: CollectionName): TufgateError {
  const what = `${source} has no timestamp.json: check its url, and that the repository was published`;
  return new TufgateError('trust.unreachable', what, { detail: { alarm: true } });
}

function unsigned({ source, gun }: CollectionName): TufgateError {
  return new TufgateError('trust.unsigned', `${source} has no trust data for ${gun}: nobody trusted has signed it`);
}

function gone({ source, gun }: CollectionName): TufgateError {
  const advice = 'ask its publisher whether it was deleted on purpose';
  return new TufgateError(
    'trust.withdrawn',
    `${source} no longer has the trust data of ${gun} that it had before: ${advice}`,
  );
}
