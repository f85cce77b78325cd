import type { Approve } from '../../approvals/edit/change.ts';
import type { Evidence } from '../../approvals/document/evidence.ts';
import { instantText } from '../../approvals/document/instant-text.ts';
import { digestTarget, tagTarget } from '../../approvals/document/names.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { type ArchivedCollection, readArchive, type ReadCollection } from '../../lifeboat/read-archive.ts';
import { hexOf } from '../../oci/digest.ts';
import { parseImageName, repositoryName } from '../../oci/reference.ts';
import { capturedPin } from '../archive-pins.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, exitCodeOf } from '../exit-code.ts';
import { carryOut } from './carry-out.ts';
import { approver, ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { untilOf } from './until.ts';

interface ImportOptions extends OwnOptions {
  readonly archive?: string;
  readonly reason?: string;
  readonly until?: string;
  readonly firstUse?: boolean;
  readonly releases?: 'strict' | 'docker';
  /** Also tags that are approved with another digest by now. */
  readonly replace?: boolean;
}

/**
 * The lifeboat: what captured Notary collections said when they were captured, as approvals of our own, which cite the archived bytes.
 * Nothing is asked of anybody. A collection that does not verify is told, and harms no other.
 */
export async function importArchive(
  context: CommandContext,
  options: ImportOptions,
  guns: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const folder = options.archive;
  if (folder === undefined) throw new TufgateError('usage', 'which archive? --archive FOLDER');
  const read = await readAll(the, { ...options, folder }, guns);
  for (const { gun, error } of read.refused) context.out.message(`${gun} is not imported: ${messageOf(error)}`);
  for (const line of read.notes) context.out.message(line);
  const refused = read.refused.map(({ gun, error }) => ({ gun, code: codeOf(error), message: messageOf(error) }));
  const code = read.refused[0] === undefined ? EXIT.done : exitCodeOf(read.refused[0].error);
  if (read.changes.length === 0 && read.refused[0] !== undefined) throw read.refused[0].error;
  const facts = { imported: read.changes.length, collections: read.collections, refused };
  const done = [`${read.changes.length} tags of ${read.collections} collections are approved.`];
  const nothing = 'All of it is approved already: nothing was signed.';
  const ended = await carryOut(the, options, read.changes, { facts, done, nothing });
  return ended === EXIT.done ? code : ended;
}

interface Read {
  readonly changes: Approve[];
  readonly refused: { readonly gun: string; readonly error: unknown }[];
  readonly notes: string[];
  collections: number;
}

async function readAll(
  the: OwnContext,
  options: ImportOptions & { readonly folder: string },
  guns: readonly string[],
): Promise<Read> {
  const { own, now, context } = the;
  const standing = new Draft(await own.standing(), now(), own.source.publish.lifetimes);
  const found: Read = { changes: [], refused: [], notes: [], collections: 0 };
  const reading = {
    now: now(),
    pin: capturedPin(context.config()),
    releases: options.releases ?? 'strict',
    allowFirstUse: options.firstUse === true,
    ...(guns.length > 0 && { guns: new Set(guns.map(gunOf)) }),
  };
  let count = 0;
  for await (const collection of readArchive(options.folder, reading)) {
    context.out.progress(`${++count} collections read`);
    await take(the, options, standing, collection, found);
  }
  return found;
}

async function take(
  the: OwnContext,
  options: ImportOptions,
  standing: Draft,
  collection: ArchivedCollection,
  found: Read,
): Promise<void> {
  if (!collection.ok) {
    found.refused.push(collection);
    return;
  }
  try {
    for (const change of changesOf(the, options, collection)) {
      const before = await standing.entry(tagTarget(change.repository, change.tag ?? ''));
      if (before?.sha256 === change.sha256) continue;
      const word = (await standing.entry(digestTarget(change.repository, change.sha256)))?.word;
      if (word?.kind === 'withdrawn')
        found.notes.push(
          `${change.repository}:${change.tag ?? ''} is left out: sha256:${change.sha256} was withdrawn at ${instantText(word.at)}`,
        );
      else if (before === undefined || options.replace === true) found.changes.push(change);
      else
        found.notes.push(
          `${change.repository}:${change.tag ?? ''} is approved as sha256:${before.sha256}, and stays so (--replace)`,
        );
    }
    found.collections++;
  } catch (error) {
    found.refused.push({ gun: collection.gun, error });
  }
}

function changesOf(
  { now, context }: OwnContext,
  options: ImportOptions,
  { gun, tags, evidence }: ReadCollection,
): readonly Approve[] {
  const repository = repositoryOf(gun);
  const seen: Evidence = new Map(Object.entries(evidence));
  return [...tags].map(([tag, { digest, length }]) => ({
    kind: 'approve',
    repository,
    tag,
    sha256: hexOf(digest),
    length,
    by: approver(options, context.env),
    reason: options.reason ?? `as signed in Notary when it was captured at ${evidence.captured}`,
    ...(options.until !== undefined && { until: untilOf(options.until, now()) }),
    evidence: [seen],
    reinstate: false,
  }));
}

/**
 * The attack: whoever can make collections on a Notary server makes one called `nginx`, which no pin covers, and its tags would become
 * those of docker.io/library/nginx. So a collection speaks for the repository that it is called after, to the letter.
 */
function repositoryOf(gun: string): string {
  const repository = gunOf(gun);
  if (repository === gun) return repository;
  const fix = 'a collection that is not called registry/repository cannot be imported';
  throw new TufgateError('trust.wrong-name', `${gun} is no name of a repository (that would be ${repository}): ${fix}`);
}

function gunOf(name: string): string {
  return repositoryName(parseImageName(name));
}
