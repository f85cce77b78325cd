import { messageOf, TufgateError } from '../errors.ts';
import type { Collection, SignedTag, StoredTrust, TrustAdvance, TrustStore } from '../state/store.ts';
import type { MetadataSource } from './metadata-source.ts';
import {
  expiriesOf,
  restore,
  type TrustContext,
  type Trusted,
  type View,
  viewFiles,
  viewSignedTags,
} from './tuf/collection.ts';
import { update } from './update.ts';

/**
 * The collections that are in use: one update each at a time, everyone else waits for it; readers see the old view or
 * the new one, never a mix (design.md section 5).
 *
 * Freshness: a view older than `checkEvery` is asked for again. When that fails the last view goes on, with an alarm
 * where an attacker or a wrong password may be behind it, until it expires or `staleIfUnreachable` ends. A collection
 * that the source had and has no more (404) is withdrawn: it serves nothing until it is back.
 */
export interface CollectionsOptions {
  readonly store: TrustStore;
  readonly checkEveryMs: number;
  readonly staleIfUnreachableMs: number | 'until_expiry';
  readonly maxBytes: number;
  readonly now: () => number;
  readonly on: (event: TrustEvent) => void;
}

export type TrustEvent =
  | {
      readonly kind: 'refreshed';
      readonly collection: Collection;
      readonly outcome: 'changed' | 'unchanged' | 'failed' | 'withdrawn';
      readonly ms: number;
      /** When the first role of what is believed now ends; absent when nothing is. */
      readonly expires?: number;
    }
  /** Somebody should look: bytes that do not verify, credentials refused, a withdrawn collection, first use. */
  | { readonly kind: 'alarm'; readonly collection: Collection; readonly error: TufgateError }
  | { readonly kind: 'first-use'; readonly collection: Collection; readonly keys: readonly string[] }
  | {
      readonly kind: 'changed';
      readonly collection: Collection;
      readonly began: readonly SignedTag[];
      readonly ended: readonly SignedTag[];
      readonly rootVersion: number;
      readonly rootChanged: boolean;
    };

/** What a collection is opened with; the same for every call of one collection. */
export interface Opened extends Collection {
  readonly ctx: TrustContext;
  readonly metadata: MetadataSource;
}

/** A view, when its source last confirmed it, and why it could not be confirmed just now. */
export interface Current {
  readonly view: View;
  readonly checkedAt: number;
  readonly failure?: TufgateError;
}

interface Entry {
  generation: number;
  trusted: Trusted | undefined;
  view: View | undefined;
  checkedAt: number;
  withdrawn: boolean;
  /** What is stored is not what the configured anchor covers: the next update begins a new chain at the anchor. */
  restart: boolean;
  /** The last try, and how it ended. */
  triedAt: number;
  failure: TufgateError | undefined;
  running: Promise<void> | undefined;
}

/** A failed or fruitless try is not repeated sooner: the source is not ours to hammer. */
const RETRY_MS = 5_000;
const MAX_OPEN = 2_000;

export class Collections {
  private readonly options: CollectionsOptions;
  private readonly entries = new Map<string, Promise<Entry>>();

  constructor(options: CollectionsOptions) {
    this.options = options;
  }

  /**
   * The view, fresh or the last that still may serve.
   * @throws trust.unsigned (no such collection) · trust.withdrawn · trust.unreachable · the code of refused bytes
   */
  async current(opened: Opened): Promise<Current> {
    const entry = await this.entry(opened);
    const { checkEveryMs, now } = this.options;
    if (now() - entry.checkedAt >= checkEveryMs || entry.view === undefined || entry.withdrawn) {
      await this.refresh(opened, entry);
    }
    return this.answer(opened, entry);
  }

  /** One more try although the view is fresh: what was found in it has expired. */
  async again(opened: Opened): Promise<Current> {
    const entry = await this.entry(opened);
    await this.refresh(opened, entry);
    return this.answer(opened, entry);
  }

  /** What is known without asking the source. */
  async known(opened: Opened): Promise<Current | undefined> {
    const entry = await this.entry(opened);
    return entry.view === undefined || entry.withdrawn ? undefined : { view: entry.view, checkedAt: entry.checkedAt };
  }

  private answer(opened: Opened, entry: Entry): Current {
    const { view, failure, checkedAt } = entry;
    const { now, staleIfUnreachableMs } = this.options;
    if (entry.withdrawn) throw withdrawn(opened);
    const stale = staleIfUnreachableMs !== 'until_expiry' && now() - checkedAt > staleIfUnreachableMs;
    if (view !== undefined && !(failure !== undefined && stale)) {
      return { view, checkedAt, ...(failure === undefined ? {} : { failure }) };
    }
    throw failure ?? unsigned(opened);
  }

  private async entry(opened: Opened): Promise<Entry> {
    const key = `${opened.source}\n${opened.gun}`;
    const known = this.entries.get(key);
    if (known !== undefined) {
      // Last in the order of use, so that a flood of other names closes those first.
      this.entries.delete(key);
      this.entries.set(key, known);
      return await known;
    }
    const loading = this.load(opened);
    this.entries.set(key, loading);
    loading.catch(() => this.entries.delete(key));
    this.closeOldest();
    return await loading;
  }

  /** Everything is in the database: what goes here is only loaded again when it is asked for. */
  private closeOldest(): void {
    for (const key of this.entries.keys()) {
      if (this.entries.size <= MAX_OPEN) return;
      this.entries.delete(key);
    }
  }

  private async load(opened: Opened): Promise<Entry> {
    const stored = await this.options.store.loadTrust(opened);
    const entry: Entry = {
      generation: 0,
      trusted: undefined,
      view: undefined,
      checkedAt: 0,
      withdrawn: false,
      restart: false,
      triedAt: Number.NEGATIVE_INFINITY,
      failure: undefined,
      running: undefined,
    };
    if (stored !== undefined) this.reviveOrRestart(opened, entry, stored);
    return entry;
  }

  /**
   * Only the operator's configuration can bring this about: a new pin that does not cover what was trusted before.
   * What was trusted before is then worth nothing, and the pin is where trust begins anew; nobody outside can cause it.
   */
  private reviveOrRestart(opened: Opened, entry: Entry, stored: StoredTrust): void {
    try {
      revive(entry, opened.ctx, stored);
    } catch (error) {
      if (!(error instanceof TufgateError) || error.code !== 'trust.pin') throw error;
      entry.generation = stored.generation;
      entry.restart = true;
      this.options.on({ kind: 'alarm', collection: opened, error });
    }
  }

  private async refresh(opened: Opened, entry: Entry): Promise<void> {
    if (entry.running === undefined) {
      if (this.options.now() - entry.triedAt < RETRY_MS) return;
      entry.running = this.run(opened, entry).finally(() => (entry.running = undefined));
    }
    await entry.running;
  }

  private async run(opened: Opened, entry: Entry): Promise<void> {
    const began = this.options.now();
    const before = entry.view?.timestamp.file.sha256;
    try {
      await this.updateOnce(opened, entry);
      entry.failure = undefined;
    } catch (error) {
      await this.fail(opened, entry, error);
    }
    entry.triedAt = this.options.now();
    const { view, failure, withdrawn: gone } = entry;
    const same = view?.timestamp.file.sha256 === before;
    const outcome = failure !== undefined ? 'failed' : gone ? 'withdrawn' : same ? 'unchanged' : 'changed';
    const ms = entry.triedAt - began;
    this.options.on({ kind: 'refreshed', collection: opened, outcome, ms, ...soonestEnd(view) });
  }

  private async updateOnce(opened: Opened, entry: Entry): Promise<void> {
    const now = await this.options.store.raiseClock(this.options.now());
    const before = entry.view;
    const view = await update({
      ctx: opened.ctx,
      source: opened.metadata,
      trusted: entry.trusted,
      now,
      maxBytes: this.options.maxBytes,
      persist: (step) => this.persist(opened, entry, step),
    });
    if (view === undefined) {
      await this.withdraw(opened, entry);
      return;
    }
    await this.commit(opened, entry, before, view);
  }

  private async commit(opened: Opened, entry: Entry, before: View | undefined, view: View): Promise<void> {
    const confirmed = { checkedAt: this.options.now(), withdrawn: false };
    if (before?.timestamp.file.sha256 === view.timestamp.file.sha256 && entry.view === before) {
      await this.persist(opened, entry, confirmed);
      await this.reload(opened, entry);
      return;
    }
    const change = difference(before, view);
    await this.persist(opened, entry, { ...confirmed, ...change, view: viewFiles(view) });
    await this.reload(opened, entry);
    if (before === undefined && opened.ctx.anchor.kind === 'first-use') {
      this.options.on({ kind: 'first-use', collection: opened, keys: view.root.signers });
    }
    const { version } = view.root.file;
    const rootChanged = before !== undefined && before.root.file.version !== version;
    this.options.on({ kind: 'changed', collection: opened, ...change, rootVersion: version, rootChanged });
  }

  /** 404 for what was never there is "nobody signed"; for what was there it is `trust.withdrawn`. */
  private async withdraw(opened: Opened, entry: Entry): Promise<void> {
    if (entry.view === undefined) throw unsigned(opened);
    if (entry.withdrawn) return;
    await this.persist(opened, entry, { withdrawn: true });
    entry.withdrawn = true;
    this.options.on({ kind: 'alarm', collection: opened, error: withdrawn(opened) });
  }

  private async fail(opened: Opened, entry: Entry, cause: unknown): Promise<void> {
    const error = cause instanceof TufgateError ? cause : new TufgateError('internal', messageOf(cause), { cause });
    entry.failure = error;
    const harmless =
      error.code === 'trust.unsigned' || (error.code === 'trust.unreachable' && error.detail['alarm'] !== true);
    if (!harmless) this.options.on({ kind: 'alarm', collection: opened, error });
    // Roots and floors may have moved before the failure: the old view goes on only if it verifies under them.
    await this.reload(opened, entry);
  }

  private async reload(opened: Opened, entry: Entry): Promise<void> {
    const stored = await this.options.store.loadTrust(opened);
    if (stored !== undefined && !entry.restart) revive(entry, opened.ctx, stored);
  }

  private async persist(opened: Opened, entry: Entry, step: TrustAdvance): Promise<void> {
    const whole = entry.restart ? { ...step, restart: true } : step;
    const result = await this.options.store.advanceTrust(opened, entry.generation, whole, this.options.now());
    if (result === 'conflict') {
      const why = 'another process updated it at the same time; it is asked again in a few seconds';
      throw new TufgateError('trust.unreachable', `${opened.gun}: ${why}`);
    }
    entry.generation += 1;
    entry.restart = false;
  }
}

function revive(entry: Entry, ctx: TrustContext, stored: StoredTrust): void {
  const { trusted, view } = restore(ctx, stored);
  entry.generation = stored.generation;
  entry.trusted = trusted;
  entry.view = view;
  entry.checkedAt = view === undefined ? 0 : stored.checkedAt;
  entry.withdrawn = stored.withdrawn;
}

function soonestEnd(view: View | undefined): { expires?: number } {
  return view === undefined ? {} : { expires: Math.min(...expiriesOf(view, [...view.targets.keys()]).values()) };
}

function difference(before: View | undefined, after: View): { began: SignedTag[]; ended: SignedTag[] } {
  const key = (tag: SignedTag): string => `${tag.role}\n${tag.tag}\n${tag.digest}`;
  const old = new Map([...(before === undefined ? [] : viewSignedTags(before))].map((tag) => [key(tag), tag]));
  const began: SignedTag[] = [];
  for (const tag of viewSignedTags(after)) if (!old.delete(key(tag))) began.push(tag);
  return { began, ended: [...old.values()] };
}

function unsigned({ source, gun }: Collection): TufgateError {
  return new TufgateError('trust.unsigned', `${source} has no trust data for ${gun}: nobody trusted has signed it`);
}

function withdrawn({ source, gun }: Collection): TufgateError {
  return new TufgateError(
    'trust.withdrawn',
    `${source} no longer has the trust data of ${gun} that it had before: ask its publisher whether it was deleted on purpose`,
  );
}
