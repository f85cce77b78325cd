import type { Lifetimes } from '../../config/config.ts';
import { TufgateError } from '../../errors.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';
import type { RootDocument, TargetsDocument } from '../document/documents.ts';
import { signedBytes } from '../document/write-document.ts';
import { applied } from '../edit/apply.ts';
import type { Change } from '../edit/change.ts';
import type { Draft } from '../edit/draft.ts';
import { type ReadFile, Standing } from '../standing/standing.ts';
import type { Part, Proposal } from './proposal.ts';

/** A proposal, and what it comes to. */
export interface Made {
  readonly proposal: Proposal;
  readonly draft: Draft;
  /** By role, in the order of the parts. */
  readonly documents: ReadonlyMap<string, MadeDocument>;
}

export interface MadeDocument {
  readonly document: RootDocument | TargetsDocument;
  /** What is signed. */
  readonly message: Uint8Array;
}

export interface On {
  readonly repository: string;
  /** The root file that trust in the repository begins with. */
  readonly pinned: Uint8Array;
  readonly read: ReadFile;
}

/**
 * @param on undefined for a repository that is to be made @param now epoch milliseconds
 * @returns without parts where nothing would change @throws as `applied`
 */
export async function propose(
  repository: string,
  on: On | undefined,
  changes: readonly Change[],
  now: number,
  lifetimes: Lifetimes,
): Promise<Made> {
  const files = new Map<string, Uint8Array>();
  const draft = await applied(on && (await standingOn(on, files)), changes, now, lifetimes);
  const documents = messagesOf(draft);
  const parts = [...documents].map(([role, made]) => partOf(role, made));
  return { proposal: { repository, created: draft.now, lifetimes, changes, files, parts }, draft, documents };
}

/**
 * The same again from a proposal that came from elsewhere.
 * @param pinned what this signer trusts, never what the proposal brings @throws trust.*: it is not what it says
 */
export async function remake(proposal: Proposal, pinned: Uint8Array | undefined): Promise<Made> {
  const { repository, changes, created, lifetimes, files } = proposal;
  const standing =
    pinned === undefined || files.size === 0
      ? undefined
      : await Standing.open(repository, pinned, (name) => Promise.resolve(files.get(name)));
  const draft = await applied(standing, changes, created, lifetimes);
  const documents = messagesOf(draft);
  const same =
    proposal.parts.length === documents.size && proposal.parts.every((part) => isPart(part, documents.get(part.role)));
  if (same) return { proposal, draft, documents };
  const why = 'the proposal does not come to the files that it names: it was changed, or another tufgate made it';
  throw new TufgateError('trust.hash', `${why}; have it made again (tufgate approvals rebase)`);
}

function messagesOf(draft: Draft): ReadonlyMap<string, MadeDocument> {
  return new Map(
    [...draft.documents()].map(([role, document]) => [role, { document, message: signedBytes(document) }]),
  );
}

function partOf(role: string, { document, message }: MadeDocument): Part {
  return { role, version: document.version, sha256: sha256Hex(message), signatures: [] };
}

function isPart({ version, sha256 }: Part, made: MadeDocument | undefined): boolean {
  return made !== undefined && made.document.version === version && sha256Hex(made.message) === sha256;
}

/** Keeps each file that is read: they travel with the proposal. */
async function standingOn({ repository, pinned, read }: On, files: Map<string, Uint8Array>): Promise<Standing> {
  return await Standing.open(repository, pinned, async (name) => {
    const bytes = await read(name);
    if (bytes !== undefined) files.set(name, bytes);
    return bytes;
  });
}
