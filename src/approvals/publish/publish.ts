import type { Lifetimes } from '../../config/config.ts';
import { TufgateError } from '../../errors.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';
import type { SnapshotDocument, TimestampDocument } from '../document/documents.ts';
import { fileBytes, signedBytes, type WrittenSignature } from '../document/write-document.ts';
import { type Made } from '../proposal/make-proposal.ts';
import type { Proposal } from '../proposal/proposal.ts';
import { countedSignatures, isComplete, type Signing, signingOf, type Signs } from '../proposal/signatures.ts';
import { fileName, parseFileName } from '../standing/file-name.ts';
import { type ReadFile, Standing } from '../standing/standing.ts';
import { outgrown } from './retention.ts';
import { publishTree, readFrom } from './tree.ts';

/** What it takes to publish; the caller holds the lock of the folder. */
export interface Publishing {
  readonly repository: string;
  readonly folder: string;
  /** The root file that is pinned; undefined where the repository is to be made. */
  readonly pinned: Uint8Array | undefined;
  /** Signs timestamp and snapshot. */
  readonly online: Signs;
  readonly lifetimes: Lifetimes;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Publishes what a proposal came to, in one step, or nothing.
 * @returns the root file that trust in the repository begins with
 * @throws approvals.stale: somebody published meanwhile · trust.threshold: signatures are missing · trust.*
 */
export async function publishProposal(the: Publishing, made: Made): Promise<Uint8Array> {
  const standing = await standingOf(the);
  refuseStale(made.proposal, standing);
  await refuseOther(made.proposal, standing, readFrom(the.folder));
  refuseUnsigned(await signingOf(made));
  const files = new Map<string, Uint8Array>();
  for (const part of made.proposal.parts) {
    const message = made.documents.get(part.role)?.message ?? new Uint8Array();
    files.set(fileName(part.role, part.version), fileBytes(message, await countedSignatures(made, part)));
  }
  const first = files.get(fileName('root', 1));
  if (first !== undefined) files.set('root.json', first);
  const pinned = the.pinned ?? first;
  if (pinned === undefined) throw new TufgateError('usage', `${the.repository} is not there: tufgate approvals init`);
  await signOnline(the, standing, made.proposal, files);
  await publishWhole({ ...the, pinned }, standing, files);
  return pinned;
}

/** A new timestamp, and a new snapshot where that ends soon: nothing that people have signed is touched. */
export async function publishFresh(the: Publishing, which: { readonly snapshot: boolean }): Promise<void> {
  const standing = await standingOf(the);
  if (standing === undefined || the.pinned === undefined) return;
  const files = new Map<string, Uint8Array>();
  const { snapshot } = standing;
  if (which.snapshot) await signBoth(the, snapshot.meta, snapshot.version + 1, standing.timestamp.version + 1, files);
  else await signTimestamp(the, { ...standing.timestamp.snapshot }, standing.timestamp.version + 1, files);
  await publishWhole({ ...the, pinned: the.pinned }, standing, files);
}

async function standingOf({ repository, folder, pinned }: Publishing): Promise<Standing | undefined> {
  return pinned === undefined ? undefined : await Standing.open(repository, pinned, readFrom(folder));
}

/** Every file that the proposal was made on must still be the newest: what was signed over another one may say something else now. */
function refuseStale({ files, parts }: Proposal, standing: Standing | undefined): void {
  if (standing === undefined) return;
  const current = (role: string): number | undefined =>
    role === 'root' ? standing.root.version : standing.snapshot.meta.get(role);
  const roots = [...files.keys()].flatMap((name) => parseFileName(name) ?? []).filter(({ role }) => role === 'root');
  const newest = Math.max(0, ...roots.map(({ version }) => version));
  const stale = [...files.keys()]
    .flatMap((name) => parseFileName(name) ?? [])
    .find(({ role, version }) => {
      if (role === 'snapshot') return false;
      return role === 'root' ? newest !== current('root') : version !== current(role);
    });
  const passed = parts.find(({ role, version }) => version !== (current(role) ?? 0) + 1);
  const role = stale?.role ?? passed?.role;
  if (role === undefined) return;
  const why = `${role} went on to version ${current(role) ?? 0} since this was proposed: somebody else published`;
  throw new TufgateError('approvals.stale', `${why}; nothing is lost: tufgate approvals rebase FILE, and sign again`);
}

/**
 * Of the same version, and not the same file: what was published was lost, and others have published since a backup was put back.
 */
async function refuseOther({ files }: Proposal, standing: Standing | undefined, read: ReadFile): Promise<void> {
  if (standing === undefined) return;
  for (const [name, bytes] of files) {
    const role = parseFileName(name)?.role;
    if (role === undefined || role === 'snapshot') continue;
    const now = await read(name);
    if (now !== undefined && Buffer.compare(now, bytes) === 0) continue;
    const why = `${name} is not the file on which this was proposed`;
    throw new TufgateError('approvals.stale', `${why}; nothing is lost: tufgate approvals rebase FILE, and sign again`);
  }
}

/** Whether what a proposal comes to is what stands: it was published before. */
export async function stands({ documents }: Made, standing: Standing): Promise<boolean> {
  for (const [role, { document, message }] of documents) {
    const now = role === 'root' ? standing.roots.find(({ version }) => version === document.version) : undefined;
    const said = now ?? (await standing.role(role))?.document;
    if (said?.version !== document.version || Buffer.compare(signedBytes(said), message) !== 0) return false;
  }
  return true;
}

function refuseUnsigned(signing: readonly Signing[]): void {
  const short = signing.find((each) => !isComplete(each));
  if (short === undefined) return;
  const lacking = short.quorums.filter(({ signed, threshold }) => signed.length < threshold);
  const words = lacking.map(
    ({ whose, signed, threshold }) => `${signed.length} of the ${threshold} signatures of ${whose}`,
  );
  throw new TufgateError(
    'trust.threshold',
    `${short.role} has ${words.join(' and ')}: have it signed first (tufgate approvals sign)`,
  );
}

async function signOnline(
  the: Publishing,
  standing: Standing | undefined,
  { parts }: Proposal,
  files: Map<string, Uint8Array>,
): Promise<void> {
  const meta = new Map(standing?.snapshot.meta);
  for (const { role, version } of parts) if (role !== 'root') meta.set(role, version);
  const versions = [standing?.snapshot.version ?? 0, standing?.timestamp.version ?? 0] as const;
  await signBoth(the, meta, versions[0] + 1, versions[1] + 1, files);
}

async function signBoth(
  the: Publishing,
  meta: ReadonlyMap<string, number>,
  version: number,
  timestampVersion: number,
  files: Map<string, Uint8Array>,
): Promise<void> {
  const expires = endOf(the, the.lifetimes.snapshot);
  const sorted = new Map([...meta].sort(([a], [b]) => (a < b ? -1 : 1)));
  const bytes = await signed(the.online, { type: 'snapshot', version, expires, meta: sorted });
  files.set(fileName('snapshot', version), bytes);
  await signTimestamp(the, { version, length: bytes.length, sha256: sha256Hex(bytes) }, timestampVersion, files);
}

async function signTimestamp(
  the: Publishing,
  snapshot: TimestampDocument['snapshot'],
  version: number,
  files: Map<string, Uint8Array>,
): Promise<void> {
  const expires = endOf(the, the.lifetimes.timestamp);
  files.set('timestamp.json', await signed(the.online, { type: 'timestamp', version, expires, snapshot }));
}

async function signed(online: Signs, document: SnapshotDocument | TimestampDocument): Promise<Uint8Array> {
  const message = signedBytes(document);
  const signature: WrittenSignature = { keyId: online.keyId, bytes: await online.sign(message) };
  return fileBytes(message, [signature]);
}

function endOf({ now }: Publishing, lifetime: number): number {
  return Math.floor((now + lifetime) / 1_000) * 1_000;
}

/** What others would read is read here first: a repository that does not verify is never published. */
async function publishWhole(
  { repository, folder, pinned }: Publishing & { readonly pinned: Uint8Array },
  before: Standing | undefined,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const old = readFrom(folder);
  const after = await Standing.open(repository, pinned, async (name) => files.get(name) ?? (await old(name)));
  for (const name of files.keys()) {
    const role = parseFileName(name)?.role;
    if (role !== undefined && role !== 'root' && role !== 'snapshot') await after.role(role);
  }
  await publishTree(folder, files, before === undefined ? () => false : outgrown(before, after));
}
