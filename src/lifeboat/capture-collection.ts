import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { MetadataSource } from '../trust/metadata-source.ts';
import type { Anchor, View } from '../trust/tuf/collection.ts';
import { expired } from '../trust/tuf/freshness.ts';
import { MAX_ROOT_BYTES } from '../trust/tuf/limits.ts';
import type { Archive } from './archive.ts';
import type { Capture, Unverified } from './capture-file.ts';
import { capturedBefore } from './captured-before.ts';
import { gather, type Gathered } from './gather.ts';
import type { IndexEntry } from './index-file.ts';
import { RecordingSource } from './recording-source.ts';
import { signedTags } from './signed-tags.ts';
import type { StoredCapture } from './stored-capture.ts';
import { filesSource, verify } from './verify-files.ts';

/** One collection to capture. */
export interface CaptureTask {
  readonly gun: string;
  /** Where it comes from, for people. */
  readonly url: string;
  readonly source: MetadataSource;
  /** Undefined: nobody has said who may sign it, and whoever answers is believed, and marked so. */
  readonly pin?: { readonly words: string; readonly anchor: Exclude<Anchor, { readonly kind: 'first-use' }> };
}

export interface CaptureOptions {
  readonly archive: Archive;
  /** The capture before, which this one must follow. */
  readonly before?: StoredCapture | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of one metadata file. */
  readonly maxBytes: number;
}

export interface Captured extends IndexEntry {
  readonly capture: Capture;
  /** How many tags are believed, under the strict rule; 0 when it is expired. */
  readonly tags: number;
}

/**
 * Fetches a collection, verifies it as of now, and stores all its files byte for byte.
 *
 * What is stored was verified twice: as it came, in the order that trusts nothing early, and once more from the very files
 * that go into the archive, by the code that will read them when the server is gone. One that had ended before (its
 * timestamp, say) is stored and marked, and will not be believed: nothing says that it was not replaced meanwhile.
 *
 * @returns undefined when the server does not have the collection
 * @throws trust.*: nothing verifies, and nothing is stored; trust.unreachable
 */
export async function captureCollection(task: CaptureTask, options: CaptureOptions): Promise<Captured | undefined> {
  for (let last = false; ; last = true) {
    try {
      return await captureOnce(task, options);
    } catch (error) {
      // A publish between two of our requests looks like an attack once, not twice.
      if (last || !RACES.has(codeOf(error))) throw error;
    }
  }
}

const RACES: ReadonlySet<string> = new Set(['trust.hash', 'trust.pin', 'trust.root-chain']);

async function captureOnce(task: CaptureTask, options: CaptureOptions): Promise<Captured | undefined> {
  const { gun } = task;
  const at = Math.floor(options.now() / 1_000) * 1_000;
  const recorded = new RecordingSource(task.source);
  const online = await verifyOnline(task, recorded, at, options);
  if (online === undefined) return undefined;
  const ended = online instanceof TufgateError ? online : undefined;
  const newest =
    online instanceof TufgateError
      ? await recorded.get({ kind: 'newest-root' }, MAX_ROOT_BYTES)
      : online.root.file.bytes;
  if (newest === undefined) return undefined;
  const gathered = await gather(gun, recorded, newest, options.maxBytes);
  const rootKeys = online instanceof TufgateError ? [] : online.root.signers;
  const stored = ended === undefined ? await verifyStored(gun, gathered, rootKeys, at) : undefined;
  const capture: Capture = {
    gun,
    url: task.url,
    capturedAt: at,
    anchor: { kind: task.pin === undefined ? 'first-use' : 'pin', words: task.pin?.words ?? '', rootKeys },
    state: ended === undefined ? 'verified' : 'expired',
    why: ended === undefined ? '' : messageOf(ended),
    rootsFrom: gathered.rootsFrom,
    files: gathered.files,
    missing: gathered.missing,
    unverified: stored === undefined ? [] : unverified(stored, at),
  };
  const entry = await options.archive.add(capture, gathered.bytes);
  return { ...entry, capture, tags: stored === undefined ? 0 : signedTags(stored, 'strict', at).tags.size };
}

/** The view, or why it cannot be had any more: something of it has ended. */
async function verifyOnline(
  { gun, pin }: CaptureTask,
  source: MetadataSource,
  at: number,
  { before, maxBytes }: CaptureOptions,
): Promise<View | TufgateError | undefined> {
  const anchor = pin?.anchor ?? { kind: 'first-use' };
  try {
    const trusted = before && capturedBefore(gun, anchor, before);
    return await verify({ gun, anchor, source, at, before: trusted, maxBytes });
  } catch (error) {
    if (error instanceof TufgateError && error.code === 'trust.expired') return error;
    throw error;
  }
}

/** As it will be read. */
async function verifyStored(gun: string, { bytes }: Gathered, keyIds: readonly string[], at: number): Promise<View> {
  const view = await verify({ gun, anchor: { kind: 'keys', keyIds }, source: filesSource(bytes), at });
  if (view === undefined) throw new TufgateError('trust.hash', `${gun} is not whole: its timestamp is missing`);
  return view;
}

/** Roles that the snapshot lists and that nothing may rest on at `at`. */
function unverified(view: View, at: number): readonly Unverified[] {
  const found: Unverified[] = [];
  for (const role of view.snapshot.model.meta.keys()) {
    if (role === 'root') continue;
    const why = whyUnverified(view, role, at);
    if (why !== undefined) found.push({ role: role.slice(0, 255), code: why.code, why: why.message });
  }
  return found;
}

function whyUnverified(view: View, role: string, at: number): Pick<TufgateError, 'code' | 'message'> | undefined {
  const unusable = view.unusable.get(role);
  if (unusable !== undefined) return unusable;
  const accepted = view.targets.get(role);
  if (accepted !== undefined) return expired(view.gun, role, accepted.model, at);
  return { code: 'trust.role-path', message: 'no role that is believed delegates to it' };
}
