import { codeOf, TufgateError } from '../errors.ts';
import type { TrustAdvance } from '../state/store.ts';
import { joined } from '../upstream/pieces.ts';
import type { MetadataName, MetadataSource } from './metadata-source.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  completeView,
  finishRoots,
  isWanted,
  newestRoot,
  rolesToLoad,
  snapshotWanted,
  startChain,
  type Trusted,
  type TrustContext,
  type TrustFile,
  type View,
  type Wanted,
} from './tuf/collection.ts';
import { sameBytes } from './tuf/hex.ts';
import { MAX_ROOT_BYTES } from './tuf/limits.ts';

/**
 * One update of one collection: what to load next, and when to store it. All checks are in `tuf/`; this file has none.
 *
 * Order (TUF 1.0 section 5, Notary v1 as section 5 of the design says): root chain N+1, N+2, … until the source has no
 * more → timestamp → snapshot → targets → in Notary delegations; those of TUF 1.0 come when they are searched. Each file that passed is stored at once, as a
 * floor; the view is returned only when everything verified. The root chain is walked first in every update, not only
 * after a failure as Notary's client does: a stolen, since rotated online key must not keep an old root alive.
 */
export interface Refresh {
  readonly ctx: TrustContext;
  readonly source: MetadataSource;
  /** Undefined: the collection is not trusted yet. */
  readonly trusted: Trusted | undefined;
  /** T0: one instant for every check of this update (TUF 5.1). */
  readonly now: number;
  readonly maxBytes: number;
  /** The deadline of the whole update. */
  readonly signal?: AbortSignal;
  /** Makes a step durable before the next file is asked for. @param after what is trusted then @throws to end the update */
  persist(step: TrustAdvance, after: Trusted): Promise<void>;
  /** Something that does not stop the update, and that somebody should look at. */
  alarm(error: TufgateError): void;
}

const MAX_ROTATIONS = 256;
const TIMESTAMP_BYTES = 1 << 20;

/**
 * @returns undefined when the source does not have the collection (404)
 * @throws trust.*: what was accepted before stays stored
 */
export async function refresh(the: Refresh): Promise<View | undefined> {
  const first = the.trusted === undefined && the.ctx.anchor.kind === 'first-use';
  return first ? await refreshOnFirstUse(the) : await update(the);
}

/**
 * Without a pin nothing but the whole speaks for the first root: it is stored once everything under it verified. The
 * attack: one forged root.json on the way, once, and every honest update after it would be refused.
 */
async function refreshOnFirstUse(the: Refresh): Promise<View | undefined> {
  const steps: [TrustAdvance, Trusted][] = [];
  const persist = (...step: [TrustAdvance, Trusted]): Promise<void> => Promise.resolve(void steps.push(step));
  const view = await update({ ...the, persist });
  if (view === undefined) return undefined;
  for (const step of steps) await the.persist(...step);
  return view;
}

async function update(the: Refresh): Promise<View | undefined> {
  const begun = the.trusted ?? (await begin(the));
  if (begun === undefined) return undefined;
  const run = new Run(the, begun);
  await run.walkRoots();
  try {
    return await run.loadRoles();
  } catch (error) {
    // Notary: a publish between two of our requests, or a cache that lags behind, looks like an attack once, not twice.
    // A TUF 1.0 repository has consistent snapshots for that, and without them the next update is soon enough.
    if (the.ctx.format.kind === 'tuf' || !RACES.has(codeOf(error))) throw error;
    await run.walkRoots();
    return await run.loadRoles();
  }
}

const RACES: ReadonlySet<string> = new Set(['trust.hash', 'trust.expired', 'trust.threshold', 'trust.signature']);

async function begin(the: Refresh): Promise<Trusted | undefined> {
  const { anchor } = the.ctx;
  const bytes = anchor.kind === 'root-file' ? anchor.bytes : await fetch(the, { kind: 'newest-root' }, MAX_ROOT_BYTES);
  if (bytes === undefined) return undefined;
  const trusted = startChain(the.ctx, bytes);
  await the.persist({ anchor: trusted.anchor, roots: trusted.roots.map((root) => root.file) }, trusted);
  return trusted;
}

async function fetch(
  the: Pick<Refresh, 'source' | 'maxBytes' | 'signal'>,
  file: MetadataName,
  most: number,
): Promise<Uint8Array | undefined> {
  the.signal?.throwIfAborted();
  const pieces = await the.source.fetch(file, Math.min(most, the.maxBytes), the.signal);
  return pieces && joined(pieces);
}

/** Holds what was accepted so far, so that a second try never falls behind the floors of the first. */
class Run {
  private readonly the: Refresh;
  private trusted: Trusted;

  constructor(the: Refresh, trusted: Trusted) {
    this.the = the;
    this.trusted = trusted;
  }

  /** Strictly N+1 by N+1; only "there is none" ends the chain, any other answer fails the update (TUF 5.3.3). */
  async walkRoots(): Promise<void> {
    for (let step = 0; step < MAX_ROTATIONS; step++) {
      const version = newestRoot(this.trusted).file.version + 1;
      const bytes = await fetch(this.the, { kind: 'root', version }, MAX_ROOT_BYTES);
      if (bytes === undefined) break;
      this.trusted = acceptRoot(this.the.ctx, this.trusted, bytes);
      await this.the.persist({ roots: [newestRoot(this.trusted).file] }, this.trusted);
    }
    const finished = finishRoots(this.the.ctx, this.trusted, this.the.now);
    this.trusted = finished.trusted;
    if (finished.forgotten.length > 0) await this.the.persist({ forget: finished.forgotten }, this.trusted);
  }

  async loadRoles(): Promise<View | undefined> {
    const { ctx, now } = this.the;
    const timestamp = await fetch(this.the, { kind: 'timestamp' }, TIMESTAMP_BYTES);
    if (timestamp === undefined) return undefined;
    const before = this.trusted;
    this.trusted = acceptTimestamp(ctx, before, timestamp, now);
    this.tellKept(timestamp);
    await this.persistFloor(before.timestamp?.file, this.trusted.timestamp?.file);
    const snapshot = await this.fetchWanted(snapshotWanted(this.trusted), before.snapshot?.file);
    this.trusted = acceptSnapshot(ctx, this.trusted, snapshot, now);
    await this.persistFloor(before.snapshot?.file, this.trusted.snapshot?.file);
    for (let next = rolesToLoad(ctx, this.trusted); next.length > 0; next = rolesToLoad(ctx, this.trusted)) {
      for (const wanted of next) await this.loadTargets(wanted);
    }
    return completeView(ctx, this.trusted, now);
  }

  /** TUF 1.0: the bytes seen first stay. Who serves two files under one version has lost a key, or a backup. */
  private tellKept(offered: Uint8Array): void {
    const kept = this.trusted.timestamp?.file;
    if (kept === undefined || sameBytes(kept.bytes, offered)) return;
    const why = `timestamp version ${kept.version} is served with other bytes than those seen before, which stay`;
    this.the.alarm(new TufgateError('trust.equal-version', `${this.the.ctx.gun}: ${why}`));
  }

  private async loadTargets(wanted: Wanted): Promise<void> {
    const before = this.trusted.targets.get(wanted.role)?.file;
    const bytes = await this.fetchWanted(wanted, before);
    const accepted = acceptTargets(this.the.ctx, this.trusted, wanted.role, bytes, this.the.now);
    this.trusted = accepted.trusted;
    await this.persistFloor(before, accepted.floor, accepted.forgotten);
  }

  private async persistFloor(
    before: TrustFile | undefined,
    after: TrustFile | undefined,
    forget: readonly string[] = [],
  ): Promise<void> {
    const floors = after !== undefined && after.sha256 !== before?.sha256 ? [after] : [];
    if (floors.length + forget.length > 0) await this.the.persist({ forget, floors }, this.trusted);
  }

  private async fetchWanted(wanted: Wanted, stored: TrustFile | undefined): Promise<Uint8Array> {
    if (stored !== undefined && isWanted(wanted, stored)) return stored.bytes;
    return await fetchRole(this.the, wanted);
  }
}

/** @throws trust.hash when the source has no such file, although the signed metadata names it; trust.too-large; as the source */
export async function fetchRole(
  the: Pick<Refresh, 'ctx' | 'source' | 'maxBytes' | 'signal'>,
  wanted: Wanted,
): Promise<Uint8Array> {
  const { ctx, maxBytes } = the;
  const { role, entry } = wanted;
  if (entry.length !== undefined && entry.length > maxBytes) {
    const why = `is ${entry.length} bytes long, limits.metadata allows ${maxBytes}`;
    throw new TufgateError('trust.too-large', `${role} of ${ctx.gun} ${why}`);
  }
  const bytes = await fetch(the, nameOf(wanted), entry.length ?? maxBytes);
  if (bytes !== undefined) return bytes;
  const which = entry.version === undefined ? `sha256 ${entry.hashes.sha256 ?? ''}` : `version ${entry.version}`;
  throw new TufgateError('trust.hash', `${ctx.gun} names ${role} with ${which}, but the source has no such file`);
}

function nameOf({ role, entry, versioned }: Wanted): MetadataName {
  const { version, hashes } = entry;
  if (version !== undefined) return { kind: 'role', role, ...(versioned ? { version } : {}) };
  if (hashes.sha256 === undefined) throw new TufgateError('internal', `${role} is named by neither hash nor version`);
  return { kind: 'by-hash', role, sha256: hashes.sha256 };
}
