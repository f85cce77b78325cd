import { codeOf, isReason, messageOf, TufgateError } from '../errors.ts';
import { type Anchor, expiriesOf, versionsOf, type View } from '../trust/tuf/collection.ts';
import { lookInto } from './archive-folder.ts';
import { instantText } from '../text/instant-text.ts';
import { folderName } from './collection-folder.ts';
import { damaged } from './damaged.ts';
import { type SignedTag, signedTags } from './signed-tags.ts';
import { type Standing, standings } from './standing.ts';
import { loadCapture, type StoredCapture } from './stored-capture.ts';
import { filesSource, verify } from './verify-files.ts';

export interface ReadOptions {
  /** The clock of this machine, epoch milliseconds: a capture that is still to come is refused. */
  readonly now: number;
  /** The pin of a configuration for this GUN; it must hold too. Undefined for a GUN that no pin covers. */
  readonly pin?: (gun: string) => Exclude<Anchor, { readonly kind: 'first-use' }> | undefined;
  /** `strict` when absent: where `targets` delegates to `targets/releases`, only it is believed. */
  readonly releases?: 'strict' | 'docker';
  /** Also collections that were captured on first use and that `pin` does not cover. */
  readonly allowFirstUse?: boolean;
  /** Only these; all when absent. */
  readonly guns?: ReadonlySet<string>;
}

export type ArchivedCollection = ReadCollection | UnreadableCollection;

export interface ReadCollection {
  readonly ok: true;
  readonly gun: string;
  /** Folder in the archive, and the URL it was captured from. */
  readonly folder: string;
  readonly url: string;
  /** Epoch milliseconds, whole seconds: what is said here was true then. */
  readonly capturedAt: number;
  /** `pin`: of who captured it, or of who reads it. */
  readonly anchor: { readonly kind: 'pin' | 'first-use'; readonly words: string };
  readonly tags: ReadonlyMap<string, SignedTag>;
  /** Named by `targets` or `targets/releases`, and not believed. */
  readonly refused: ReadonlyMap<string, TufgateError>;
  readonly evidence: ArchiveEvidence;
  readonly root: { readonly version: number; readonly keys: readonly string[] };
  /** Root, timestamp, snapshot, and every role whose word is believed for a tag. */
  readonly versions: ReadonlyMap<string, number>;
  /** Epoch milliseconds. */
  readonly expires: ReadonlyMap<string, number>;
}

/** For the `evidence` of an approval. */
export interface ArchiveEvidence {
  readonly kind: 'notary-archive';
  /** Of capture.json, which has the hash of every file: `sha256:…`. */
  readonly digest: string;
  /** `2026-11-27T09:16:10Z` */
  readonly captured: string;
  readonly gun: string;
  readonly anchor: 'pin' | 'first-use';
  /** Roles whose word is believed for a tag. */
  readonly roles: readonly string[];
}

export interface UnreadableCollection {
  readonly ok: false;
  /** As far as it is known: of a damaged line in the index its number may be all there is. */
  readonly gun: string;
  /** archive.damaged · trust.*: trust.no-root for first use that was not allowed, trust.expired for what had ended before it was captured */
  readonly error: TufgateError;
}

/** How far the clocks of the machine that captured and the one that reads may lie apart. */
const SKEW_MS = 3_600_000;

/**
 * Every collection of an archive, verified again from its bytes alone, as of the capture: whatever has expired since counts,
 * whatever had expired before does not. One at a time; a damaged one harms no other.
 *
 * What this cannot tell: who can write the archive can take a capture away, or put an older one of his own making in its
 * place with another time of capture. Keep the sha256 of `index.jsonl` where he cannot write (`docs/archive.md`).
 *
 * @throws usage when there is no archive; archive.damaged when the index cannot be read at all
 */
export async function* readArchive(archive: string, options: ReadOptions): AsyncGenerator<ArchivedCollection> {
  const { lines, complete } = await openFolder(archive);
  for (const standing of standings(lines, complete)) {
    const gun = standing.kind === 'entry' ? standing.entry.gun : standing.gun;
    if (options.guns !== undefined && !options.guns.has(gun)) continue;
    yield await readOne(archive, gun, standing, options);
  }
}

async function openFolder(archive: string): ReturnType<typeof lookInto> {
  try {
    return await lookInto(archive);
  } catch (cause) {
    if (cause instanceof TufgateError) throw cause;
    throw new TufgateError('usage', `cannot read the archive ${archive}: ${messageOf(cause)}`, { cause });
  }
}

async function readOne(
  archive: string,
  gun: string,
  standing: Standing,
  options: ReadOptions,
): Promise<ArchivedCollection> {
  try {
    if (standing.kind !== 'entry') throw damaged(standing.why);
    const stored = await loadCapture(archive, standing.entry, standing.entry.sha256);
    return await believed(stored, options);
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof TufgateError && (isReason(code) || code === 'archive.damaged'))
      return { ok: false, gun, error };
    throw error;
  }
}

async function believed(stored: StoredCapture, options: ReadOptions): Promise<ReadCollection> {
  const { capture, files } = stored;
  const { gun, capturedAt: at, anchor } = capture;
  refuseUnusable(stored, options);
  const source = filesSource(files);
  const pin = options.pin?.(gun);
  if (pin === undefined && anchor.kind === 'first-use' && options.allowFirstUse !== true) throw noRoot(gun);
  const view = whole(gun, await verify({ gun, anchor: { kind: 'keys', keyIds: anchor.rootKeys }, source, at }));
  if (pin !== undefined) whole(gun, await verify({ gun, anchor: pin, source, at }));
  const { tags, refused } = signedTags(view, options.releases ?? 'strict', at);
  const kind = pin === undefined ? anchor.kind : 'pin';
  return { ok: true, ...told(stored, view, tags, kind), anchor: { kind, words: anchor.words }, tags, refused };
}

function refuseUnusable({ capture }: StoredCapture, { now }: ReadOptions): void {
  const { gun, capturedAt, state, why } = capture;
  const when = instantText(capturedAt);
  if (state === 'expired') {
    const advice = 'what replaced it is not known, so it cannot be believed; approve what you need of it one by one';
    throw new TufgateError('trust.expired', `${gun} had ended when it was captured at ${when}: ${advice} (${why})`);
  }
  if (capturedAt > now + SKEW_MS) {
    const today = instantText(now);
    const what = `${gun} says that it was captured at ${when}, which is still to come: the clock of this machine says ${today}`;
    throw new TufgateError('archive.damaged', `${what}; correct the clock, or do not believe the archive`);
  }
}

function noRoot(gun: string): TufgateError {
  const what = `${gun} was captured on first use: nobody has said whose keys may sign it`;
  const advice = 'add a pin for it to the configuration, or allow first use (--first-use) if you trust the way it came';
  return new TufgateError('trust.no-root', `${what}; ${advice}`);
}

function whole(gun: string, view: View | undefined): View {
  if (view === undefined) throw damaged(`the capture of ${gun} has no root or no timestamp`);
  return view;
}

function told(
  stored: StoredCapture,
  view: View,
  tags: ReadonlyMap<string, SignedTag>,
  anchor: ArchiveEvidence['anchor'],
): Pick<ReadCollection, 'gun' | 'folder' | 'url' | 'capturedAt' | 'evidence' | 'root' | 'versions' | 'expires'> {
  const { gun, url, capturedAt } = stored.capture;
  const roles = [...new Set([...tags.values()].flatMap((tag) => tag.roles))];
  return {
    gun,
    folder: folderName(stored),
    url,
    capturedAt,
    evidence: {
      kind: 'notary-archive',
      digest: `sha256:${stored.sha256}`,
      captured: instantText(capturedAt),
      gun,
      anchor,
      roles,
    },
    root: { version: view.root.model.version, keys: view.root.signers },
    versions: versionsOf(view, roles),
    expires: expiriesOf(view, roles),
  };
}
