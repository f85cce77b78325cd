import { messageOf, TufgateError } from '../errors.ts';
import type { Collection as CollectionName, TrustAdvance, TrustStore } from '../state/store.ts';
import { noTimestamp, unsigned, withdrawn } from './absence.ts';
import { DelegatedLoads } from './delegated-loads.ts';
import type { Confirmed, Held } from './held.ts';
import { HeldTrust, Overtaken } from './held-trust.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { Holds } from './lasting.ts';
import { Outgrown, smallFilesOnly } from './outgrown.ts';
import { later, pause, type Schedule, within } from './patience.ts';
import { refresh } from './refresh.ts';

import { Publications } from './publications.ts';
import { changeOf, type TrustEvent } from './trust-event.ts';
import {
  difference,
  type Edge,
  endedBelow,
  endingsIn,
  endsByPeople,
  nextEnd,
  type Said,
  sameFiles,
  type TrustContext,
  type Trusted,
  type View,
  viewFiles,
} from './tuf/collection.ts';

/**
 * One collection in use: one update at a time, everyone else waits for it; readers see the old view or the new one,
 * never a mix.
 *
 * Freshness: a view older than `checkEvery` is asked for again. A source that answers slowly, or hangs, delays a pull by
 * two seconds while there is a view that may serve: the update goes on behind, under a deadline of its own. When it
 * fails the last view goes on, with an alarm where an attacker or a wrong password may be behind it, until it expires or
 * `staleIfUnreachable` ends. A collection that the source had and has no more (404) is withdrawn: it serves nothing until
 * it is back.
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

/**
 * A failed or fruitless try is not repeated sooner: the source is not ours to hammer. Whoever wants to be up to date within less says so
 * with `check_every`.
 */
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

export class Collection {
  private readonly opened: Opened;
  private readonly options: CollectionOptions;
  private readonly state: HeldTrust;
  /** How the last try ended, and when. */
  private failure: TufgateError | undefined;
  private triedAt = Number.NEGATIVE_INFINITY;
  private running: Running | undefined;
  private outgrown: Outgrown | undefined;
  private readonly publications: Publications;
  private readonly source: MetadataSource;
  private readonly loads: DelegatedLoads;

  private constructor(opened: Opened, options: CollectionOptions) {
    this.opened = opened;
    this.options = options;
    const { now, maxBytes, largeBytes } = options;
    this.source = largeBytes === undefined ? opened.metadata : smallFilesOnly(opened.metadata, largeBytes);
    this.publications = new Publications(this.source);
    this.state = new HeldTrust(opened, opened.ctx, options, (error) => this.alarm(error));
    this.loads = new DelegatedLoads({
      ctx: opened.ctx,
      source: this.source,
      maxBytes,
      now,
      shelf: () => (this.state.held.kind === 'trusted' ? this.state.held.trusted.shelf : new Map()),
      keep: (view, step, instead) => this.state.shelve(view, step, instead),
      alarm: (error) => this.alarm(error),
      ...(options.schedule && { schedule: options.schedule }),
    });
  }

  /** From what is stored, verified again. @throws state.damaged · trust.wrong-name */
  static async open(opened: Opened, options: CollectionOptions): Promise<Collection> {
    const collection = new Collection(opened, options);
    await collection.state.load();
    return collection;
  }

  /**
   * The view, fresh or the last that still may serve.
   * @throws trust.unsigned (no such collection) · trust.withdrawn · trust.unreachable · the code of refused bytes · Outgrown
   */
  async current(): Promise<Current> {
    if (this.publications.look) await this.publications.look();
    if (!this.isFresh()) await (this.mayServe() ? this.begin()?.patience : this.update());
    // Also what was published while an update ran, and may have come too late for it.
    if (this.publications.areNew) await (this.mayServe() ? this.begin()?.patience : this.update());
    // Meanwhile a new root may have come by which the view does not stand.
    if (this.running !== undefined && !this.mayServe()) await this.update();
    return this.answer();
  }

  /**
   * The last view, whether or not it may serve: what it says was taken back binds all the same. The source is asked when it is time, and
   * nobody waits for it longer than where there is a view.
   * @throws Outgrown
   */
  async latest(): Promise<View | undefined> {
    if (this.publications.look) await this.publications.look();
    if (!this.isFresh() || this.publications.areNew) await this.begin()?.patience;
    this.refuseOutgrown();
    return this.state.view;
  }

  /** One more try although the view is fresh: what was found in it has expired. */
  async again(): Promise<Current> {
    await this.update();
    return this.answer();
  }

  /**
   * Before somebody asks: a view that was confirmed longer ago than this is asked for again. In Notary only what there is: there
   * names of collections come from clients. @throws Outgrown
   */
  async refreshOlderThan(ms: number): Promise<void> {
    const { view, confirmed } = this.state;
    const known = view !== undefined || this.ctx.format.kind === 'tuf';
    if (!known || confirmed.withdrawn) return;
    if (this.publications.look) await this.publications.look();
    const old = this.options.now() - confirmed.checkedAt >= ms;
    // How it ended is told as an event, and by the next answer.
    if (old || this.publications.areNew) await this.update().catch(() => undefined);
    this.refuseOutgrown();
  }

  /** What is known without asking the source. @throws trust.withdrawn */
  known(): Current | undefined {
    const { view, confirmed } = this.state;
    if (confirmed.withdrawn) throw withdrawn(this.opened);
    return view === undefined ? undefined : { view, checkedAt: confirmed.checkedAt };
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
    this.state.carry(loaded);
    return loaded;
  }

  /** Whether what these roles say next will be compared with what they say in this view. */
  tracks(view: View, roles: readonly string[]): boolean {
    return this.state.tracks(view, roles);
  }

  /**
   * For how long what was found about this name in this view would be found again: while nobody would have to ask the source,
   * wait, or look into another view, and nothing that time alone ends has ended. What is held is a new object whenever anything of it
   * changes, who stands behind the view included; that another process changes what is stored counts here when it counts there.
   *
   * @param found when it was, epoch milliseconds
   * @returns undefined when it cannot be told
   */
  holds(view: View, name: string, found: number): Holds | undefined {
    const { held } = this.state;
    const until = Math.min(this.freshUntil, nextEnd(view, name, found));
    const holds = (): boolean =>
      this.state.held === held &&
      this.failure === undefined &&
      this.outgrown === undefined &&
      this.publications.areNone &&
      this.options.now() < until;
    return this.state.view === view && holds() ? holds : undefined;
  }

  /** Of metadata files. */
  get bytes(): number {
    return this.state.bytes;
  }

  /** What the last view names, whether or not it may serve: it only tells where to look. */
  said(): Said | undefined {
    const { held } = this.state;
    return held.kind === 'trusted' ? (held.view ?? held.fallen) : undefined;
  }

  private isFresh(): boolean {
    const age = this.options.now() - this.state.confirmed.checkedAt;
    return this.hasView() && age < this.options.checkEveryMs;
  }

  /** From this instant on somebody may have to wait; epoch milliseconds. */
  private get freshUntil(): number {
    const { checkEveryMs, staleIfUnreachableMs } = this.options;
    const most = staleIfUnreachableMs === 'until_expiry' ? checkEveryMs : Math.min(checkEveryMs, staleIfUnreachableMs);
    return this.hasView() ? this.state.confirmed.checkedAt + most : 0;
  }

  /** There is a view that answers should the source not. Whether it has expired is seen by who looks a tag up. */
  private mayServe(): boolean {
    return this.hasView() && !this.isTooOld();
  }

  private hasView(): boolean {
    return this.state.view !== undefined && !this.state.confirmed.withdrawn;
  }

  private isTooOld(): boolean {
    const { now, staleIfUnreachableMs } = this.options;
    return staleIfUnreachableMs !== 'until_expiry' && now() - this.state.confirmed.checkedAt > staleIfUnreachableMs;
  }

  private answer(): Current {
    this.refuseOutgrown();
    const { failure } = this;
    const { view, confirmed } = this.state;
    const { checkedAt } = confirmed;
    // Something is there again, but it does not verify: that tells more than that it was gone.
    if (confirmed.withdrawn) throw tellsMore(failure) ? failure : withdrawn(this.opened);
    if (view === undefined) throw failure ?? unsigned(this.opened);
    if (failure === undefined) return { view, checkedAt };
    if (this.isTooOld()) throw failure;
    return { view, checkedAt, failure };
  }

  private refuseOutgrown(): void {
    const { largeBytes = Infinity } = this.options;
    if (this.outgrown !== undefined) throw this.outgrown;
    if (this.bytes > largeBytes) throw new Outgrown(`${this.opened.gun} has ${this.bytes} bytes of metadata`);
  }

  private async update(): Promise<void> {
    await this.begin()?.done;
  }

  /** A withdrawal in a TUF 1.0 repository is to be seen within `check_every`, however short; a Notary server has one collection an image. */
  private get retryMs(): number {
    return this.ctx.format.kind === 'tuf' ? Math.min(RETRY_MS, this.options.checkEveryMs / 2) : RETRY_MS;
  }

  /** The update that runs, begun now if none did; undefined when the last one has only just ended. */
  private begin(): Running | undefined {
    if (this.running !== undefined) return this.running;
    const soon = this.options.now() - this.triedAt < this.retryMs;
    if (soon && !this.publications.untried) return undefined;
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
    const { view: before } = this.state;
    try {
      const seen = this.publications.begin();
      await this.refreshOrJoin();
      seen();
      this.failure = undefined;
    } catch (error) {
      if (error instanceof Outgrown) return void (this.outgrown = error);
      await this.fail(error);
    }
    this.tell(before, this.options.now() - began);
  }

  /**
   * Overtaken once is no outage: what the other process stored counts, and is asked for again only if it is old, or if something
   * was published that it may not have seen.
   */
  private async refreshOrJoin(): Promise<void> {
    try {
      await this.refreshOnce();
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      await this.state.load();
      if (!this.isFresh() || this.publications.areNew) await this.refreshOnce();
    }
  }

  private async refreshOnce(): Promise<void> {
    const { source, state, options } = this;
    const { ctx } = this.opened;
    const now = await options.store.raiseClock(options.now());
    const before = state.held;
    const trusted = before.kind === 'trusted' ? before.trusted : undefined;
    const persist = (step: TrustAdvance, after: Trusted): Promise<void> => state.persist(step, after);
    const alarm = (error: TufgateError): void => this.alarm(error);
    const view = await within(options.schedule ?? later, UPDATE_MS, `the update of ${ctx.gun}`, (signal) =>
      refresh({ ctx, source, trusted, now, maxBytes: options.maxBytes, persist, signal, alarm }),
    );
    if (view === undefined) await this.withdraw(before);
    else await this.commit(before, view);
  }

  /** @param held what the update began with */
  private async commit(held: Held, view: View): Promise<void> {
    const { view: before, fallen } = held.kind === 'trusted' ? held : {};
    const confirmed = { checkedAt: this.options.now(), withdrawn: false };
    if (before !== undefined && sameFiles(before, view)) {
      await this.confirm(held, view, confirmed);
      return;
    }
    const said = before ?? fallen;
    const change = difference(this.ctx, comparable(said, view), view);
    const step = { ...confirmed, ended: change.ended, view: viewFiles(view) };
    await this.state.persist(step, undefined, (shelf) => endedBelow(this.ctx, said, view, shelf));
    this.state.adopt(view, confirmed);
    if (before === undefined && fallen === undefined && this.ctx.anchor.kind === 'first-use') {
      this.options.on({ kind: 'first-use', collection: this.opened, keys: view.root.signers });
    }
    this.options.on({ kind: 'changed', collection: this.opened, ...changeOf(before, view, change) });
  }

  /** The source said nothing new, which is what it says most of the time: what is held stands as it was verified. */
  private async confirm(held: Held, view: View, confirmed: Confirmed): Promise<void> {
    const stands = this.state.held.generation === held.generation;
    await this.state.persist(confirmed);
    if (stands) this.state.reconfirm(confirmed, view.unusable);
    else this.state.adopt(view, confirmed);
  }

  /** Notary: 404 for what was never there is "nobody signed"; for what was there it is `trust.withdrawn`. */
  private async withdraw(before: Held): Promise<void> {
    if (this.ctx.format.kind === 'tuf') throw noTimestamp(this.opened);
    if (before.kind !== 'trusted' || (before.view ?? before.fallen) === undefined) throw unsigned(this.opened);
    if (before.withdrawn) return;
    await this.state.persist({ withdrawn: true });
    this.state.reconfirm({ withdrawn: true });
    this.alarm(withdrawn(this.opened));
  }

  private async fail(cause: unknown): Promise<void> {
    const error = asTrustError(this.opened, cause);
    this.failure = error;
    const outage = error.code === 'trust.unreachable' && error.detail['alarm'] !== true;
    if (!outage && error.code !== 'trust.unsigned') {
      this.alarm(error);
    }
    if (cause instanceof Overtaken) await this.state.load();
  }

  private alarm(error: TufgateError): void {
    this.options.on({ kind: 'alarm', collection: this.opened, error });
  }

  private tell(before: View | undefined, ms: number): void {
    const { view, confirmed } = this.state;
    const { failure } = this;
    const same = before === view || (before !== undefined && view !== undefined && sameFiles(before, view));
    const unlessFailed = confirmed.withdrawn ? 'withdrawn' : same ? 'unchanged' : 'changed';
    const outcome = failure !== undefined ? 'failed' : unlessFailed;
    const why = failure === undefined ? {} : { failure };
    this.options.on({
      kind: 'refreshed',
      collection: this.opened,
      outcome,
      ms,
      ...endsOf(view, this.options.now()),
      ...why,
    });
  }
}

function tellsMore(failure: TufgateError | undefined): failure is TufgateError {
  return failure !== undefined && failure.code !== 'trust.unreachable';
}

function asTrustError({ gun }: Opened, cause: unknown): TufgateError {
  if (cause instanceof TufgateError) return cause;
  if (cause instanceof Overtaken) {
    return new TufgateError('trust.unreachable', `${gun}: other processes keep updating it; try again`, { cause });
  }
  return new TufgateError('internal', messageOf(cause), { cause });
}

/** Ends of approvals that are told of at once. */
const MAX_TOLD = 1_000;

function endsOf(view: View | undefined, now: number): Partial<Extract<TrustEvent, { kind: 'refreshed' }>> {
  if (view === undefined) return {};
  const base = { ends: endsByPeople(view), snapshot: view.snapshot.file.sha256 };
  const ending = [...view.targets.values()].flatMap(({ model }) => endingsIn(model).map(({ until }) => until));
  const ahead = ending.filter((until) => until > now).sort((a, b) => a - b);
  return ahead.length === 0 ? base : { ...base, approvalsEnd: ahead.slice(0, MAX_TOLD) };
}

/** In TUF 1.0 only what both views have loaded can be compared: what searches have not come by yet ended nowhere. */
function comparable(before: Said | undefined, after: View): Said | undefined {
  if (before === undefined || after.kind === 'notary') return before;
  return { ...before, targets: new Map([...before.targets].filter(([role]) => after.targets.has(role))) };
}
